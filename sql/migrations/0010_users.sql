-- Users of a tenant, their sessions, and the links that sign somebody in once.

create table users (
    tenant_id uuid not null references tenants on delete cascade,
    user_id uuid not null default gen_random_uuid(),
    email text not null check (length(email) between 3 and 254),
    username text not null check (username ~ '^[A-Za-z0-9_]{3,50}$'),
    display_name text not null check (length(display_name) between 1 and 100),
    role text not null check (role in ('owner', 'admin', 'member')),
    password_hash text check (password_hash like '$argon2id$%'),
    active boolean not null default true,
    last_seen_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, user_id),
    unique (tenant_id, email)
);
comment on table users is 'People who sign in. A user belongs to one tenant: whoever works for two has two, so that no tenant''s admin can act in another (decision 7).';
comment on column users.user_id is 'Random: who a session, a link or an action belongs to.';
comment on column users.email is 'What they sign in with: normalised, so that equal addresses are equal text.';
comment on column users.username is 'Shown as who did something. Unique in the tenant, whatever its case.';
comment on column users.display_name is 'What they are called.';
comment on column users.role is 'What they may do: docs/rest.md has the table.';
comment on column users.password_hash is 'argon2id, with its parameters. Null until the user has chosen a password.';
comment on column users.last_seen_at is 'When they last signed in, or their session was last refreshed.';
-- Two people of a tenant are never shown as one.
create unique index users_by_username on users (tenant_id, lower(username));
create trigger touch_updated_at before update of username, display_name, role, password_hash, active on users
    for each row execute function touch_updated_at();

create table sessions (
    tenant_id uuid not null,
    session_id uuid not null,
    user_id uuid not null,
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    former_secret_hash bytea check (octet_length(former_secret_hash) = 32),
    generation integer not null default 1 check (generation >= 1),
    refresh_hash bytea not null check (octet_length(refresh_hash) = 32),
    former_refresh_hash bytea check (octet_length(former_refresh_hash) = 32),
    refreshed_at timestamptz not null,
    expires_at timestamptz not null,
    idle_until timestamptz not null,
    ends_at timestamptz not null,
    ended_at timestamptz,
    created_at timestamptz not null,
    primary key (tenant_id, session_id),
    foreign key (tenant_id, user_id) references users on delete cascade
);
comment on table sessions is 'Signed-in users. A cookie names tenant and session and proves itself by a secret, of which only the SHA-256 is here; it is asked for at every request.';
comment on column sessions.session_id is 'Which session: it stands in both of its tokens.';
comment on column sessions.user_id is 'Who is signed in.';
comment on column sessions.secret_hash is 'SHA-256 of the secret in the session''s cookie.';
comment on column sessions.former_secret_hash is 'The one before the last refresh: requests that were under way then are still answered, for seconds.';
comment on column sessions.generation is 'Counts the refresh tokens of the session. An older one that is shown again was stolen: the session ends.';
comment on column sessions.refresh_hash is 'SHA-256 of the secret in the refresh token that works now, once.';
comment on column sessions.former_refresh_hash is 'The one before: a browser that asks twice at once is no thief.';
comment on column sessions.refreshed_at is 'When the tokens were last replaced.';
comment on column sessions.expires_at is 'When the session''s cookie stops working unless it is refreshed.';
comment on column sessions.idle_until is 'When the refresh token stops working.';
comment on column sessions.ends_at is 'When the session ends, however often it was refreshed.';
comment on column sessions.ended_at is 'When it was ended: by signing out, by an admin, or because a token was stolen.';
-- Ending the sessions of a user, and its foreign key.
create index sessions_by_user on sessions (tenant_id, user_id);

create table sign_in_links (
    tenant_id uuid not null,
    link_id uuid not null,
    user_id uuid not null,
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    expires_at timestamptz not null,
    created_at timestamptz not null,
    primary key (tenant_id, link_id),
    foreign key (tenant_id, user_id) references users on delete cascade
);
comment on table sign_in_links is 'Links that sign a user in once. Using one removes it; a new one of the same user replaces the old.';
comment on column sign_in_links.link_id is 'Which link: it stands in the link beside the tenant.';
comment on column sign_in_links.user_id is 'Whom it signs in.';
comment on column sign_in_links.secret_hash is 'SHA-256 of the secret in the link.';
-- A user has one link at a time: a new one replaces the old.
create unique index sign_in_links_by_user on sign_in_links (tenant_id, user_id);

alter table users enable row level security;
alter table users force row level security;
create policy tenant_isolation on users
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
alter table sessions enable row level security;
alter table sessions force row level security;
create policy tenant_isolation on sessions
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
alter table sign_in_links enable row level security;
alter table sign_in_links force row level security;
create policy tenant_isolation on sign_in_links
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));

grant select, insert, update (username, display_name, role, password_hash, active, last_seen_at) on users to syncd_web;
grant select, insert, delete,
      update (secret_hash, former_secret_hash, generation, refresh_hash, former_refresh_hash, refreshed_at, expires_at, idle_until, ended_at) on sessions to syncd_web;
grant select, insert, update (link_id, secret_hash, expires_at, created_at), delete on sign_in_links to syncd_web;
