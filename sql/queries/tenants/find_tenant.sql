-- Which tenant has this name?
select tenant_id, name, created_at from tenants where name = $1 and removed_at is null;
