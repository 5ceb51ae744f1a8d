-- Which tenants are marked for removal and have no project left?
select t.tenant_id
from tenants t
where t.removed_at is not null
  and not exists (select from sync_queue q where q.tenant_id = t.tenant_id);
