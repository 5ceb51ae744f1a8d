-- Which installations of the GitHub App serve which tenant.

create table github_installations (
    tenant_id uuid not null references tenants on delete cascade,
    installation_id bigint not null check (installation_id > 0),
    account text not null check (length(account) between 1 and 100),
    bound_at timestamptz not null,
    primary key (tenant_id, installation_id),
    -- The one key that is not led by the tenant: an installation opens private repositories, and must never open them for a second
    -- tenant. Its conflict is told as "not found", so it reveals nothing.
    constraint github_installations_one_tenant unique (installation_id)
);
comment on table github_installations is 'The installations of the GitHub App that a tenant may read through. Bound by a signed set-up state, and to one tenant only.';
comment on column github_installations.installation_id is 'GitHub''s id of the installation; it is never used again.';
comment on column github_installations.account is 'Login of the user or organisation where the App was installed, as it was then.';
comment on column github_installations.bound_at is 'When it was bound.';

create table github_setups (
    tenant_id uuid not null references tenants on delete cascade,
    nonce uuid not null,
    installation_id bigint not null,
    used_at timestamptz not null,
    valid_until timestamptz not null,
    primary key (tenant_id, nonce)
);
comment on table github_setups is 'Set-up states that were used, so that each works once. A row is removed when its state has expired.';
comment on column github_setups.nonce is 'What tells one state from another; worthless without its signature.';
comment on column github_setups.installation_id is 'What it was used for.';
comment on column github_setups.used_at is 'When.';
comment on column github_setups.valid_until is 'When the state expires: until then it must be known as used.';

alter table github_installations enable row level security;
alter table github_installations force row level security;
create policy tenant_isolation on github_installations
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
alter table github_setups enable row level security;
alter table github_setups force row level security;
create policy tenant_isolation on github_setups
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));

grant select, insert, delete on github_installations, github_setups to syncd_web;
grant select on github_installations to syncd_sync;
