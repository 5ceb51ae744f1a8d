-- How many projects of all tenants stand how: sums for who runs the installation, and nothing of anybody's.

create policy measure_any_project on projects for select to syncd_queue using (true);
grant select (condition, documents, skipped, removed_at) on projects to syncd_queue;

create function measure_projects(p_now timestamptz)
    returns table (condition text, projects bigint, documents bigint, skipped bigint, lag_seconds double precision)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select p.condition,
           count(*),
           coalesce(sum(p.documents), 0)::bigint,
           coalesce(sum(p.skipped), 0)::bigint,
           (select coalesce(max(greatest(0, extract(epoch from p_now - q.due_at))), 0)::double precision from syncd.sync_queue q)
    from syncd.projects p
    where p.removed_at is null
    group by p.condition
$$;
comment on function measure_projects(timestamptz) is 'Definer: counts the projects of all tenants by condition, their documents and skipped files, and how long the one waits that is due for longest.';

grant create on schema syncd to syncd_queue;
alter function measure_projects(timestamptz) owner to syncd_queue;
revoke create on schema syncd from syncd_queue;
revoke all on function measure_projects(timestamptz) from public;
grant execute on function measure_projects(timestamptz) to syncd_web;
