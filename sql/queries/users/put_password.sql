-- Sets the password of a user, if it is still the one that was looked at ($3). Returns the user, or no row.
update users
set password_hash = $2
where user_id = $1 and password_hash is not distinct from $3
returning user_id;
