-- These looks go on: their claims hold longer. One that is due was asked for meanwhile, and stays due.
update sync_queue q
set due_at = $4
from unnest($1::uuid[], $2::uuid[]) as running(tenant_id, project_id)
where q.tenant_id = running.tenant_id and q.project_id = running.project_id and q.due_at > $3 and q.due_at < $4;
