-- Sessions of agents are forgotten a day after they have expired, also those of a tenant that opens no other.

grant select (tenant_id, session_id, expires_at), delete on agent_sessions to syncd_account;

create or replace function remove_old(p_table text, p_before timestamptz, p_limit integer) returns bigint
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    tenant uuid;
    former text := current_setting('syncd.tenant', true);
    removed bigint;
    total bigint := 0;
begin
    -- Row security binds this function too: each tenant in turn.
    for tenant in select t.tenant_id from syncd.tenants t order by t.tenant_id loop
        perform set_config('syncd.tenant', tenant::text, true);
        case p_table
            when 'lock_events' then
                delete from syncd.lock_events e
                where e.tenant_id = tenant and e.event_id in (
                    select o.event_id from syncd.lock_events o
                    where o.tenant_id = tenant and o.at < p_before
                    order by o.at
                    limit p_limit - total
                );
            when 'sync_runs' then
                delete from syncd.sync_runs r
                where r.tenant_id = tenant and (r.project_id, r.run_id) in (
                    select o.project_id, o.run_id from syncd.sync_runs o
                    where o.tenant_id = tenant and o.started_at < p_before
                      and (o.outcome = 'failed' or (o.outcome = 'noop' and o.from_commit is not distinct from o.to_commit))
                      -- The last run of a project says how it stands, however long ago it was.
                      and exists (
                          select from syncd.sync_runs n
                          where n.tenant_id = tenant and n.project_id = o.project_id and n.started_at > o.started_at
                      )
                    order by o.started_at
                    limit p_limit - total
                );
            when 'sessions' then
                delete from syncd.sessions s
                where s.tenant_id = tenant and s.session_id in (
                    select o.session_id from syncd.sessions o
                    where o.tenant_id = tenant and least(o.ended_at, o.idle_until, o.ends_at) < p_before
                    limit p_limit - total
                );
            when 'sign_in_links' then
                delete from syncd.sign_in_links l
                where l.tenant_id = tenant and l.link_id in (
                    select o.link_id from syncd.sign_in_links o
                    where o.tenant_id = tenant and o.expires_at < p_before
                    limit p_limit - total
                );
            when 'idempotent_requests' then
                delete from syncd.idempotent_requests i
                where i.tenant_id = tenant and i.request_hash in (
                    select o.request_hash from syncd.idempotent_requests o
                    where o.tenant_id = tenant and o.claimed_at < p_before
                    order by o.claimed_at
                    limit p_limit - total
                );
            when 'agent_sessions' then
                -- What hangs on a session, its pins, participants and notes, goes with it.
                delete from syncd.agent_sessions a
                where a.tenant_id = tenant and a.session_id in (
                    select o.session_id from syncd.agent_sessions o
                    where o.tenant_id = tenant and o.expires_at < p_before
                    order by o.expires_at
                    limit p_limit - total
                );
        end case;
        get diagnostics removed = row_count;
        total := total + removed;
        exit when total >= p_limit;
    end loop;
    perform set_config('syncd.tenant', coalesce(former, ''), true);
    return total;
end
$$;
comment on function remove_old(text, timestamptz, integer) is 'Definer: forgets at most so many rows of one of six tables, of any tenant, that were over before the given time. Of runs only those that no revision needs.';
