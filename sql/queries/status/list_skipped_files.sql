-- Which files of a project are not mirrored now, by path, after the path $3, and why? At most $2.
select path, reason, size
from skipped_files
where project_id = $1 and revision_to is null and path > $3
order by path
limit $2;
