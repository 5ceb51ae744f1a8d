-- Deletes a tenant that is marked for removal, with its keys and users.
delete from tenants where tenant_id = $1 and removed_at is not null;
