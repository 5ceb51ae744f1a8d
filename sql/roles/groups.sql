-- The roles that own, serve and bridge. They belong to the cluster, so this file stands outside the migrations and may run any number of times.
-- Nobody signs in as one of these: logins (logins.sql) are members. None has BYPASSRLS, none is a superuser.
do $$
declare
    group_name text;
begin
    foreach group_name in array array[
        'syncd_owner',  -- owns the schema; used by migrations only
        'syncd_sync',   -- the daemon: writes where tenant, project and fence agree
        'syncd_web',    -- REST and command line: tenant-scoped, never writes a synced table
        'syncd_read',   -- agents: reads; every write it may cause is one definer function
        'syncd_auth',   -- owns the function that resolves a key before a tenant is known
        'syncd_queue',  -- owns the functions that write the sync queue, a new project's lease, freezes, and agents' sessions
        'syncd_collect', -- owns the function that collects a tenant's orphaned content
        'syncd_account', -- owns the functions that write down what agents ask
        'syncd_search'  -- owns the function that finds a search's candidates by an index
    ] loop
        if not exists (select from pg_roles where rolname = group_name) then
            begin
                execute format('create role %I nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls', group_name);
            exception when duplicate_object or unique_violation then
                null;  -- another runner was faster
            end;
        end if;
    end loop;
    -- The migrator acts as the owner, and the owner hands functions to the roles that own them. A login that may not grant these
    -- has been granted them by whoever made the roles; if not, the first migration says so.
    foreach group_name in array array['syncd_auth', 'syncd_queue', 'syncd_collect', 'syncd_account', 'syncd_search'] loop
        begin
            execute format('grant %I to syncd_owner', group_name);
        exception when insufficient_privilege then
            null;
        end;
    end loop;
    begin
        grant syncd_owner to current_user;
    exception when insufficient_privilege then
        null;
    end;
end
$$;
