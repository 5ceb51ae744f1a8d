-- Which user of the tenant has this e-mail address?
select user_id, email, username, display_name, role, active, password_hash is not null as has_password, last_seen_at, created_at
from users
where email = $1;
