-- Lets a platform key that works end at $2 or earlier. Returns its name, or no row where none works.
update platform_keys
set expires_at = least(expires_at, $2)
where key_id = $1 and active and (expires_at is null or expires_at > $3)
returning name;
