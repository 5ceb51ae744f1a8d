-- Adds a tenant.
insert into tenants (name) values ($1) returning tenant_id, name, created_at;
