-- A look at the source has ended well; this is when it began.
update projects set attempted_at = $2 where project_id = $1;
