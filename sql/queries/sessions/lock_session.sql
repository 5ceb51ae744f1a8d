-- What is known of the refresh tokens of this session? Locked: of two that use one token, the second sees what the first did.
select s.user_id, s.generation, s.refresh_hash, s.former_refresh_hash, s.refreshed_at, s.idle_until, s.ends_at,
       s.ended_at is null and u.active as stands
from sessions s
join users u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
where s.session_id = $1
for update of s;
