-- Says what a look at a project ended in: how it stands, why, and what to do.
update projects
set condition = $2, reason = $3, message = $4, hint = $5, next_try_at = $6, attempted_at = $7
where project_id = $1;
