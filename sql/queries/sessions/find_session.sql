-- Whose session is this, if it stands and its user may sign in? $4: since when a secret that was replaced still counts.
select t.name as tenant_name, u.user_id, u.username, u.display_name, u.role, s.expires_at
from sessions s
join users u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
join tenants t on t.tenant_id = s.tenant_id
where s.session_id = $1
  and (s.secret_hash = $2 or (s.former_secret_hash = $2 and s.refreshed_at > $4))
  and s.expires_at > $3
  and s.ended_at is null
  and u.active
  and t.removed_at is null;
