-- Tenants, the context of a transaction, and the two trigger functions that every table uses.

create function current_tenant() returns uuid
    language sql stable parallel safe
    -- After a local set a setting is '' and not null; '' must mean "no tenant", which equals no row.
    return nullif(current_setting('syncd.tenant', true), '')::uuid;
comment on function current_tenant() is 'Tenant of this transaction (setting syncd.tenant), or null: then row-level security shows nothing.';

create function current_project() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('syncd.project', true), '')::uuid;
comment on function current_project() is 'Project of this transaction (setting syncd.project), or null. Binds the daemon''s role to one project at a time.';

create function touch_updated_at() returns trigger
    language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;
comment on function touch_updated_at() is 'Trigger: keeps updated_at true.';

create table tenants (
    tenant_id uuid primary key default gen_random_uuid(),
    name text not null unique check (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table tenants is 'Control table: who uses this installation. Holds no content, so it has no row policy; agents cannot see it.';
comment on table schema_migrations is 'Control table of `syncd migrate`: which migrations this database has run. Made by the runner before the first of them.';
comment on column schema_migrations.checksum is 'SHA-256 of the file with LF line ends: an applied file may not change.';

create trigger touch_updated_at before update on tenants for each row execute function touch_updated_at();
grant select, insert, update on tenants to syncd_web;
grant select on tenants to syncd_sync;
