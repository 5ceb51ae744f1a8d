-- Forgets requests of the tenant from before $1; at most $2.
delete from idempotent_requests
where request_hash in (select request_hash from idempotent_requests where claimed_at < $1 order by claimed_at limit $2);
