-- A folder changed: look at its project now, and once more if it is being looked at.
update sync_queue
set due_at = $3, requested_at = $3
where tenant_id = $1 and project_id = $2
returning project_id;
