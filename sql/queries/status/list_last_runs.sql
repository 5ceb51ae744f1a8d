-- What did the last runs of a project do, newest first? At most $2.
select outcome,
       from_commit,
       to_commit,
       tree_sha,
       revision,
       started_at,
       finished_at,
       added,
       modified,
       renamed,
       deleted,
       skipped,
       requests,
       received_bytes,
       milliseconds,
       error_code,
       error_message
from sync_runs
where project_id = $1
order by started_at desc
limit $2;
