-- What is skipped now, and which blobs need not be fetched to be refused again?
select path, reason, size, git_sha
from skipped_files
where project_id = $1 and revision_to is null;
