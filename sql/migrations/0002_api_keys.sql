-- API keys, and the one function that turns a key into a tenant before any tenant is known.

create table api_keys (
    tenant_id uuid not null references tenants on delete cascade,
    key_id text not null check (key_id ~ '^[0-9A-Za-z]{12}$'),
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    name text not null check (length(name) between 1 and 100),
    scopes text[] not null check (scopes <@ array['docs:read', 'docs:sync', 'locks:write', 'admin']),
    project_ids uuid[],
    active boolean not null default true,
    expires_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, key_id)
);
comment on table api_keys is 'Keys of agents and machines. Only the SHA-256 of the 256-bit secret is stored; project_ids null means every project.';
comment on column api_keys.secret_hash is 'SHA-256 of the secret. No role of a service can read it.';
comment on column api_keys.scopes is 'What the key may do, of all that a key can.';
comment on column api_keys.project_ids is 'The projects that the key opens; null opens every project of the tenant, also later ones.';
comment on column api_keys.last_used_at is 'True to a minute, so that reading stays reading.';
create trigger touch_updated_at before update of name, scopes, project_ids, active, expires_at on api_keys
    for each row execute function touch_updated_at();

-- Every request resolves its key by id alone: 62^12 random ids, so not unique by constraint (that would reveal other tenants' ids).
create index api_keys_by_key_id on api_keys (key_id);

alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy tenant_isolation on api_keys
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy resolve_any_key on api_keys for select to syncd_auth using (true);
create policy stamp_any_key on api_keys for update to syncd_auth using (true);

grant select (tenant_id, key_id, name, scopes, project_ids, active, expires_at, last_used_at, created_at, updated_at),
      insert, update (name, scopes, project_ids, active, expires_at), delete on api_keys to syncd_web;
grant select, update (last_used_at) on api_keys to syncd_auth;
grant select on tenants to syncd_auth;

create function resolve_api_key(p_key_id text, p_secret_hash bytea, p_now timestamptz)
    returns table (tenant_id uuid, tenant_name text, key_id text, scopes text[], project_ids uuid[], expires_at timestamptz)
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select k.tenant_id, t.name, k.key_id, k.scopes, k.project_ids, k.expires_at
        from syncd.api_keys k join syncd.tenants t on t.tenant_id = k.tenant_id
        where k.key_id = p_key_id and k.secret_hash = p_secret_hash
          and k.active and (k.expires_at is null or k.expires_at > p_now);
    -- At most one write a minute and key, so that reading stays reading.
    update syncd.api_keys k set last_used_at = p_now
    where k.key_id = p_key_id and k.secret_hash = p_secret_hash
      and (k.last_used_at is null or k.last_used_at < p_now - interval '1 minute');
end
$$;
comment on function resolve_api_key(text, bytea, timestamptz) is 'Definer: an active key by id and SHA-256 of its secret, whoever owns it. The only way from a secret to a tenant.';
grant create on schema syncd to syncd_auth;
alter function resolve_api_key(text, bytea, timestamptz) owner to syncd_auth;
revoke create on schema syncd from syncd_auth;
revoke all on function resolve_api_key(text, bytea, timestamptz) from public;
grant execute on function resolve_api_key(text, bytea, timestamptz) to syncd_web, syncd_read;
