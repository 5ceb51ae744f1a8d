-- Opens a session.
insert into sessions (tenant_id, session_id, user_id, secret_hash, refresh_hash, refreshed_at, expires_at, idle_until, ends_at, created_at)
values (current_tenant(), $1, $2, $3, $4, $8, $5, $6, $7, $8);
