-- An unchanged source: nothing is written but a time, and the end of an earlier trouble. A tree that was held is gone again.
update projects
set checked_at = $2, condition = 'ready', reason = $3, message = $4, hint = $5, next_try_at = null, held_tree_sha = null
where project_id = $1;
