-- Takes the lease in Postgres, after Redis said yes. No row: the project is frozen.
update project_leases
set fence = fence + 1, nonce = $2, holder = $3, acquired_at = clock_timestamp()
where project_id = $1 and (freeze_id is null or freeze_until < now())
returning fence;
