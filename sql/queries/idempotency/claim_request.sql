-- Begins a request, if nobody has ($5: one without an answer from before then was killed; $4: one from before then is forgotten).
insert into idempotent_requests (tenant_id, request_hash, body_hash, claimed_at)
values (current_tenant(), $1, $2, $3)
on conflict (tenant_id, request_hash) do update
set body_hash = excluded.body_hash, claimed_at = excluded.claimed_at, status = null, answer = null
where idempotent_requests.claimed_at < $4
   or (idempotent_requests.status is null and idempotent_requests.claimed_at < $5)
returning true;
