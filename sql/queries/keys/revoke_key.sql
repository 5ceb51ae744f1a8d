-- Ends a key of the tenant. Returns its id, or no row when there is no such key.
update api_keys
set active = false
where key_id = $1
returning key_id;
