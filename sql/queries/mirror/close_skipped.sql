-- These files are no longer skipped, or for another reason.
update skipped_files
set revision_to = $3
where project_id = $1 and path_hash = any($2::bytea[]) and revision_to is null;
