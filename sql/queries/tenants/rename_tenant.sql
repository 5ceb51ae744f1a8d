-- Calls a tenant otherwise.
update tenants set name = $2 where tenant_id = $1 and removed_at is null returning tenant_id, name, created_at;
