-- Whose is this active key? Asked before any tenant is known; the definer function is the only way.
select tenant_id, tenant_name, key_id, scopes, project_ids, expires_at
from resolve_api_key($1, $2, $3);
