-- Which keys does the tenant have after this id, by id?
select key_id, name, scopes, project_ids, active, expires_at, last_used_at, created_at
from api_keys
where key_id collate "C" > $1
order by key_id collate "C"
limit $2;
