-- Gives a request up: it was refused, and may be sent again.
delete from idempotent_requests where request_hash = $1 and status is null;
