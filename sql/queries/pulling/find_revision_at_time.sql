-- Which revision of a project did readers see at time $2? No run that ended by then began later.
select r.revision,
       r.to_commit as commit,
       r.finished_at as synced_at
from sync_runs r
where r.project_id = $1
  and r.started_at <= $2
  and r.finished_at <= $2
  and r.outcome <> 'failed'
  and r.revision >= 1
order by r.started_at desc
limit 1;
