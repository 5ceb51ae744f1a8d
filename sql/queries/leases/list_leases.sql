-- Who may write in these projects, or who froze them?
select project_id,
       fence,
       holder,
       acquired_at,
       freeze_id is not null and (freeze_until is null or freeze_until >= now()) as is_frozen,
       freeze_id,
       frozen_by,
       frozen_at,
       freeze_until,
       freeze_reason
from project_leases
where project_id = any($1);
