-- Keeps the answer of a request.
update idempotent_requests set status = $2, answer = $3 where request_hash = $1;
