-- Which tenant has this id?
select tenant_id, name, created_at from tenants where tenant_id = $1 and removed_at is null;
