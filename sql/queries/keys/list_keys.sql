-- Which keys does the tenant have, oldest first?
select key_id, name, scopes, project_ids, active, expires_at, last_used_at, created_at
from api_keys
order by created_at, key_id;
