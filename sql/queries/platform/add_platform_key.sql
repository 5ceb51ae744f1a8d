-- Adds a key that acts for any tenant; only the hash of its secret.
insert into platform_keys (key_id, secret_hash, name, expires_at) values ($1, $2, $3, $4);
