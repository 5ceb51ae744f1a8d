-- Remembers what happened to a lock.
insert into lock_events (tenant_id, project_id, action, actor, reason, fence, previous_holder)
values (current_tenant(), $1, $2, $3, $4, $5, $6);
