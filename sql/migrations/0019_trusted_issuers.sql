-- Which tenant the tokens of an OAuth authorization server speak for.

create table trusted_issuers (
    tenant_id uuid not null references tenants on delete cascade,
    issuer text not null check (length(issuer) between 1 and 500),
    claim_value text not null check (length(claim_value) between 1 and 200),
    trusted_at timestamptz not null default now(),
    primary key (tenant_id, issuer, claim_value),
    -- Not led by the tenant: a token must never open a second tenant. Only operators add rows.
    constraint trusted_issuers_one_tenant unique (issuer, claim_value)
);
comment on table trusted_issuers is 'The tokens that a tenant trusts: of which issuer, with which value of the claim that names a tenant there.';
comment on column trusted_issuers.issuer is 'The issuer (iss) exactly as its tokens name it.';
comment on column trusted_issuers.claim_value is 'Value of the claim SYNCD_OAUTH_TENANT_CLAIM.';
comment on column trusted_issuers.trusted_at is 'Since when.';

alter table trusted_issuers enable row level security;
alter table trusted_issuers force row level security;
create policy tenant_isolation on trusted_issuers
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy resolve_any_issuer on trusted_issuers for select to syncd_auth using (true);
grant select, insert, delete on trusted_issuers to syncd_web;
grant select on trusted_issuers to syncd_auth;

create function resolve_issuer(p_issuer text, p_claim_value text) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select t.tenant_id from syncd.trusted_issuers t where t.issuer = p_issuer and t.claim_value = p_claim_value;
$$;
comment on function resolve_issuer(text, text) is 'Definer: whose tokens these are. Asked once a token is proved, before any tenant is known.';
grant create on schema syncd to syncd_auth;
alter function resolve_issuer(text, text) owner to syncd_auth;
revoke create on schema syncd from syncd_auth;
revoke all on function resolve_issuer(text, text) from public;
grant execute on function resolve_issuer(text, text) to syncd_read;
