-- Marks a project for removal; readers stop seeing it, the daemon deletes it under its lease.
update projects set removed_at = $2 where project_id = $1 and removed_at is null
returning project_id;
