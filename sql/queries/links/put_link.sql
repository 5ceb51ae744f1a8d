-- Makes a link for a user; the one before stops working.
insert into sign_in_links (tenant_id, link_id, user_id, secret_hash, expires_at, created_at)
values (current_tenant(), $1, $2, $3, $4, $5)
on conflict (tenant_id, user_id) do update
set link_id = excluded.link_id, secret_hash = excluded.secret_hash, expires_at = excluded.expires_at, created_at = excluded.created_at;
