-- Which projects are there of the tenants of these names ($1; * is every one)?
select q.tenant_id, q.project_id
from sync_queue q
join tenants t on t.tenant_id = q.tenant_id
where t.removed_at is null
  and (t.name = any($1::text[]) or '*' = any($1::text[]))
order by q.tenant_id, q.project_id;
