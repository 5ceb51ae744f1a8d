-- Is this an active platform key? The definer function is the only way to the hash.
select resolve_platform_key($1, $2, $3);
