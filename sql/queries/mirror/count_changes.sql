-- How many documents did the sync of this commit change? (A later comparison of the same commit changes none.)
select coalesce(max(added + modified + renamed + deleted), 0)::integer
from sync_runs
where project_id = $1 and to_commit = $2 and outcome <> 'failed';
