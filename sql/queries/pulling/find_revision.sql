-- Was revision $2 of a project published, and which commit was the last that was seen at it?
select r.revision,
       r.to_commit as commit,
       r.finished_at as synced_at
from sync_runs r
where r.project_id = $1
  and r.revision = $2
  and r.outcome <> 'failed'
order by r.started_at desc
limit 1;
