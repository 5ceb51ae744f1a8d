-- Who are the users of the tenant, after this e-mail address?
select user_id, email, username, display_name, role, active, password_hash is not null as has_password, last_seen_at, created_at
from users
where email > $1
order by email
limit $2;
