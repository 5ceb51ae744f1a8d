-- Changes what an admin may change of a user.
update users
set username = $2, display_name = $3, role = $4, active = $5
where user_id = $1
returning user_id, email, username, display_name, role, active, password_hash is not null as has_password, last_seen_at, created_at;
