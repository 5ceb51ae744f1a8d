-- What became of this request?
select body_hash, status, answer from idempotent_requests where request_hash = $1;
