-- Says how a project stands: what it does or waits for, why, and what to do.
update projects
set condition = $2, reason = $3, message = $4, hint = $5, next_try_at = $6, attempted_at = coalesce($7, attempted_at)
where project_id = $1;
