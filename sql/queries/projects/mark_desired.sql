-- The source has moved: this commit is wanted now.
update projects
set desired_commit = $2, condition = 'syncing', reason = null, message = null, hint = null, next_try_at = null
where project_id = $1;
