-- Which revision of each of these projects did readers see at time $2? Projects without one by then are left out.
select p.project_id,
       r.revision,
       r.to_commit as commit,
       r.finished_at as synced_at
from unnest($1::uuid[]) as p (project_id)
cross join lateral (
    select s.revision,
           s.to_commit,
           s.finished_at
    from sync_runs s
    where s.project_id = p.project_id
      and s.started_at <= $2
      and s.finished_at <= $2
      and s.outcome <> 'failed'
      and s.revision >= 1
    order by s.started_at desc
    limit 1
) r;
