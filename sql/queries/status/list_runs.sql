-- Which runs did a project have before this time and run, newest first?
select run_id, outcome, from_commit, to_commit, tree_sha, revision, started_at, finished_at, added, modified, renamed, deleted, skipped,
       requests, received_bytes, milliseconds, error_code, error_message
from sync_runs
where project_id = $1
  and (started_at, run_id) < ($2, $3)
order by started_at desc, run_id desc
limit $4;
