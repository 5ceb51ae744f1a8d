-- Makes or updates one login of a service. Called with (login, password, group).
-- A role's settings are defaults; the statement timeouts are limits of docs/decisions, each tested at its edge.
create or replace function pg_temp.put_login(login text, secret text, group_name text) returns void
language plpgsql as $$
begin
    if not exists (select from pg_roles where rolname = login) then
        execute format('create role %I login nosuperuser nocreatedb nocreaterole noreplication nobypassrls inherit', login);
    end if;
    execute format('alter role %I password %L', login, secret);
    execute format('grant %I to %I', group_name, login);
    execute format('grant connect on database %I to %I', current_database(), login);
    execute format('alter role %I in database %I set search_path = syncd, public', login, current_database());
    -- Queries here take milliseconds; compiling one takes longer.
    execute format('alter role %I in database %I set jit = off', login, current_database());
    execute format('alter role %I in database %I set idle_in_transaction_session_timeout = ''5s''', login, current_database());
    if group_name = 'syncd_read' then
        execute format('alter role %I in database %I set statement_timeout = ''2s''', login, current_database());
        execute format('alter role %I in database %I set lock_timeout = ''500ms''', login, current_database());
        execute format('alter role %I in database %I set max_parallel_workers_per_gather = 0', login, current_database());
    else
        execute format('alter role %I in database %I set statement_timeout = ''30s''', login, current_database());
        execute format('alter role %I in database %I set lock_timeout = ''10s''', login, current_database());
        -- One huge project among tiny ones: a plan made for the average one would scan it whole.
        execute format('alter role %I in database %I set plan_cache_mode = force_custom_plan', login, current_database());
    end if;
end
$$;
