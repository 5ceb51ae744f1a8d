-- Which is the newest revision synced at each commit from $2 up to, not including, $3 (those of an abbreviated SHA)? $4 at most.
select distinct on (r.to_commit)
       r.revision,
       r.to_commit as commit,
       r.finished_at as synced_at
from sync_runs r
where r.project_id = $1
  and r.to_commit >= $2
  and r.to_commit < $3
  and r.outcome <> 'failed'
  and r.revision >= 1
order by r.to_commit,
         r.started_at desc
limit $4;
