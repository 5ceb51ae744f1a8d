-- Ends a platform key. Returns its id, or no row when there is no such key.
update platform_keys set active = false where key_id = $1 returning key_id;
