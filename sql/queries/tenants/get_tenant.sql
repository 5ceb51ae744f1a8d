-- What is this tenant called?
select name from tenants where tenant_id = $1;
