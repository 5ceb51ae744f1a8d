-- Which platform keys are there, oldest first?
select key_id, name, active, expires_at, last_used_at, created_at
from platform_keys
order by created_at, key_id;
