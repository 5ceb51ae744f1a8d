-- What REST stands on: platform keys, answers that are given twice, tenants that are removed, documents by their id alone.

create table platform_keys (
    key_id text primary key check (key_id ~ '^[0-9A-Za-z]{12}$'),
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    name text not null check (length(name) between 1 and 100),
    active boolean not null default true,
    expires_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table platform_keys is 'Control table: keys of whoever runs the installation. They act for any tenant, over REST only, so they belong to none. Only the SHA-256 of the secret is stored.';
comment on column platform_keys.secret_hash is 'SHA-256 of the secret. No role of a service can read it.';
comment on column platform_keys.last_used_at is 'True to a minute, so that reading stays reading.';
create trigger touch_updated_at before update of name, active, expires_at on platform_keys
    for each row execute function touch_updated_at();
grant select (key_id, name, active, expires_at, last_used_at, created_at, updated_at), insert, update (name, active, expires_at) on platform_keys to syncd_web;
grant select, update (last_used_at) on platform_keys to syncd_auth;

create function resolve_platform_key(p_key_id text, p_secret_hash bytea, p_now timestamptz) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update syncd.platform_keys k set last_used_at = p_now
    where k.key_id = p_key_id and k.secret_hash = p_secret_hash
      and (k.last_used_at is null or k.last_used_at < p_now - interval '1 minute');
    return exists (
        select from syncd.platform_keys k
        where k.key_id = p_key_id and k.secret_hash = p_secret_hash
          and k.active and (k.expires_at is null or k.expires_at > p_now)
    );
end
$$;
comment on function resolve_platform_key(text, bytea, timestamptz) is 'Definer: whether this is an active platform key. Agents'' role may not ask.';

alter table tenants add column removed_at timestamptz;
comment on column tenants.removed_at is 'Set by a person: keys and users of the tenant are refused at once, the daemon deletes its projects, then the row.';
alter table tenants drop constraint tenants_name_key;
-- A name is free again as soon as its tenant is marked for removal.
create unique index tenants_by_name on tenants (name) where removed_at is null;
-- Which tenants are to be removed? Mostly none.
create index tenants_removed on tenants (removed_at) where removed_at is not null;
grant delete on tenants to syncd_sync;

create or replace function resolve_api_key(p_key_id text, p_secret_hash bytea, p_now timestamptz)
    returns table (tenant_id uuid, tenant_name text, key_id text, scopes text[], project_ids uuid[], expires_at timestamptz)
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select k.tenant_id, t.name, k.key_id, k.scopes, k.project_ids, k.expires_at
        from syncd.api_keys k join syncd.tenants t on t.tenant_id = k.tenant_id
        where k.key_id = p_key_id and k.secret_hash = p_secret_hash
          and k.active and (k.expires_at is null or k.expires_at > p_now) and t.removed_at is null;
    -- At most one write a minute and key, so that reading stays reading.
    update syncd.api_keys k set last_used_at = p_now
    where k.key_id = p_key_id and k.secret_hash = p_secret_hash
      and (k.last_used_at is null or k.last_used_at < p_now - interval '1 minute');
end
$$;

grant create on schema syncd to syncd_auth;
alter function resolve_platform_key(text, bytea, timestamptz) owner to syncd_auth;
revoke create on schema syncd from syncd_auth;
revoke all on function resolve_platform_key(text, bytea, timestamptz) from public;
grant execute on function resolve_platform_key(text, bytea, timestamptz) to syncd_web;

create table idempotent_requests (
    tenant_id uuid not null references tenants on delete cascade,
    request_hash bytea not null check (octet_length(request_hash) = 32),
    body_hash bytea not null check (octet_length(body_hash) = 32),
    claimed_at timestamptz not null,
    status integer,
    answer text check (length(answer) <= 65536),
    primary key (tenant_id, request_hash)
);
comment on table idempotent_requests is 'Writes over REST that carry an Idempotency-Key, with their answers: the same request gets the same answer for a day and is done once.';
comment on column idempotent_requests.request_hash is 'SHA-256 of caller, method, path and key.';
comment on column idempotent_requests.body_hash is 'SHA-256 of the body: the same key with another body is a mistake.';
comment on column idempotent_requests.claimed_at is 'When it was begun. One that has no answer after a minute was killed, and may be begun again.';
comment on column idempotent_requests.status is 'The status of the answer; null while it is under way.';
comment on column idempotent_requests.answer is 'The body of the answer, without secrets.';
-- Old ones are forgotten while new ones come.
create index idempotent_requests_by_time on idempotent_requests (tenant_id, claimed_at);
alter table idempotent_requests enable row level security;
alter table idempotent_requests force row level security;
create policy tenant_isolation on idempotent_requests
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
grant select, insert, update (body_hash, claimed_at, status, answer), delete on idempotent_requests to syncd_web;

-- A document is asked for by its id alone; the primary key begins with the project.
create index documents_by_id on documents (tenant_id, document_id);
