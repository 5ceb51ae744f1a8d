-- Did the push that this run mirrored rewrite history?
update sync_runs set history_rewritten = $3 where project_id = $1 and fence = $2;
