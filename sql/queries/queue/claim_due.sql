-- What is due? Claimed by pushing the time on: another replica does not see it, and a claim of a dead one comes back by itself.
update sync_queue q
set due_at = $2
from (
    select tenant_id, project_id
    from sync_queue
    where due_at <= $1
    order by due_at
    limit $3
    for update skip locked
) d
where q.tenant_id = d.tenant_id and q.project_id = d.project_id
returning q.tenant_id, q.project_id, q.requested_at, q.failures, q.delivered_at;
