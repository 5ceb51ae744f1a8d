-- Uses a link up. Returns whom it signs in, or no row where it is unknown, used, expired, or of a user who may not sign in.
delete from sign_in_links l
using users u
where l.link_id = $1
  and l.secret_hash = $2
  and l.expires_at > $3
  and u.tenant_id = l.tenant_id
  and u.user_id = l.user_id
  and u.active
returning l.user_id;
