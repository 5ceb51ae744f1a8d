-- Marks a tenant for removal, if this is its name. Returns its id, or no row.
update tenants set removed_at = $3 where tenant_id = $1 and name = $2 and removed_at is null returning tenant_id;
