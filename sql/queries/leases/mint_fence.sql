-- Takes the lease in Postgres, after Redis said yes; tells whose lease it ends. No row: the project is frozen.
update project_leases l
set fence = l.fence + 1, nonce = $2, holder = $3, acquired_at = clock_timestamp()
from (select project_id, holder from project_leases where project_id = $1 for update) before
where l.project_id = before.project_id and (l.freeze_id is null or l.freeze_until < now())
returning l.fence, before.holder as previous_holder;
