-- When did the last look at the project's source begin that has ended, and how did it end?
select attempted_at, condition, reason, message
from projects
where project_id = $1 and removed_at is null;
