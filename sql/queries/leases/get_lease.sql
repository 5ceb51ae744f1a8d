-- Who may write in this project, or who froze it? (A freeze whose time has passed is none.)
select fence,
       holder,
       acquired_at,
       freeze_id is not null and (freeze_until is null or freeze_until >= now()) as is_frozen,
       freeze_id,
       frozen_by,
       frozen_at,
       freeze_until,
       freeze_reason
from project_leases
where project_id = $1;
