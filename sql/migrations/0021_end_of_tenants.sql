-- A tenant's row goes when nothing of it is left. Its projects are deleted one by one under their locks: a cascade would meet the fence
-- of a statement that deletes nothing.
alter table projects drop constraint projects_tenant_id_fkey;
alter table projects add constraint projects_tenant_id_fkey foreign key (tenant_id) references tenants;
