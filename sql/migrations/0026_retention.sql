-- What is kept for people to look back at is forgotten in time, and what has run out does not wait for the next who signs in.

-- A run that changed neither revision nor commit answers no question about the past; every other one stays as long as its project.
create index sync_runs_forgettable on sync_runs (tenant_id, started_at)
    where outcome = 'failed' or (outcome = 'noop' and from_commit is not distinct from to_commit);
-- Retention removes the oldest of each tenant.
create index lock_events_by_age on lock_events (tenant_id, at);

grant select (tenant_id, project_id, run_id, started_at, outcome, from_commit, to_commit), delete on sync_runs to syncd_account;
grant select (tenant_id, event_id, at), delete on lock_events to syncd_account;
grant select (tenant_id, session_id, ended_at, idle_until, ends_at), delete on sessions to syncd_account;
grant select (tenant_id, link_id, expires_at), delete on sign_in_links to syncd_account;
grant select (tenant_id, request_hash, claimed_at), delete on idempotent_requests to syncd_account;
-- Whatever a query says: no row that tells which revision stood when, or which commit it was synced at.
create policy forgettable on sync_runs as restrictive for delete to syncd_account
    using (outcome = 'failed' or (outcome = 'noop' and from_commit is not distinct from to_commit));

-- Who forgets takes no lease: that role can write nothing, and the rows that it may remove are no part of what is published.
drop trigger refuse_unfenced on sync_runs;
create trigger refuse_unfenced before insert or update on sync_runs for each statement execute function refuse_unfenced();
create trigger refuse_unfenced_delete before delete on sync_runs for each statement
    when (current_user <> 'syncd_account') execute function refuse_unfenced();

create function remove_old(p_table text, p_before timestamptz, p_limit integer) returns bigint
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
        end case;
        get diagnostics removed = row_count;
        total := total + removed;
        exit when total >= p_limit;
    end loop;
    perform set_config('syncd.tenant', coalesce(former, ''), true);
    return total;
end
$$;
comment on function remove_old(text, timestamptz, integer) is 'Definer: forgets at most so many rows of one of five tables, of any tenant, that were over before the given time. Of runs only those that no revision needs.';

grant create on schema syncd to syncd_account;
alter function remove_old(text, timestamptz, integer) owner to syncd_account;
revoke create on schema syncd from syncd_account;
revoke all on function remove_old(text, timestamptz, integer) from public;
grant execute on function remove_old(text, timestamptz, integer) to syncd_sync;
