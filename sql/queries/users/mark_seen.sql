-- Notes that a user was there.
update users set last_seen_at = $2 where user_id = $1;
