-- Adds a user to the tenant of this transaction.
insert into users (tenant_id, user_id, email, username, display_name, role, password_hash)
values (current_tenant(), $1, $2, $3, $4, $5, $6)
returning user_id, email, username, display_name, role, active, password_hash is not null as has_password, last_seen_at, created_at;
