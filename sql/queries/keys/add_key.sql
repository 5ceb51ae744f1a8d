-- Adds a key to the tenant of this transaction; only the hash of its secret.
insert into api_keys (tenant_id, key_id, secret_hash, name, scopes, project_ids, expires_at)
values (current_tenant(), $1, $2, $3, $4, $5, $6);
