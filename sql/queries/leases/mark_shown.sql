-- Redis has been told of this change; a later one stays due.
update project_leases set redis_due = null where project_id = $1 and redis_due = $2;
