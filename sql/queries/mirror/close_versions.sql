-- Ends the current versions of these documents at the new revision.
update document_versions
set revision_to = $3
where project_id = $1 and document_id = any($2::uuid[]) and revision_to is null;
