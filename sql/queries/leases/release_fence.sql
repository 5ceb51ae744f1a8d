-- Gives the lease back: nobody may write until it is taken again. No row: it was not the caller's any more.
update project_leases
set nonce = null, holder = null
where project_id = $1 and fence = $2 and nonce = $3
returning fence;
