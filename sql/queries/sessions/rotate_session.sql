-- Replaces the tokens of a session; the ones before are remembered.
update sessions
set former_secret_hash = secret_hash, secret_hash = $2, former_refresh_hash = refresh_hash, refresh_hash = $3,
    generation = generation + 1, refreshed_at = $4, expires_at = $5, idle_until = $6
where session_id = $1;
