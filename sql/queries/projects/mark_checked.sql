-- An unchanged source: nothing is written but a time (and the end of an earlier trouble).
update projects
set checked_at = $2, attempted_at = $2, condition = 'ready', reason = null, message = null, hint = null, next_try_at = null
where project_id = $1;
