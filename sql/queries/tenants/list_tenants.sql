-- Who uses this installation, after this name?
select tenant_id, name, created_at from tenants where removed_at is null and name > $1 order by name limit $2;
