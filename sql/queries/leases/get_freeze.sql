-- Who froze this project, why, and until when?
select frozen_by, freeze_reason, freeze_until from project_leases where project_id = $1 and freeze_id is not null;
