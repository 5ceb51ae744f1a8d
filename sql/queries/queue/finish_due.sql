-- The run is over: look again at the given time, or at once if it was requested meanwhile.
update sync_queue
set due_at = case when requested_at is distinct from $3 then least(due_at, $4) else $5 end, failures = $6
where tenant_id = $1 and project_id = $2;
