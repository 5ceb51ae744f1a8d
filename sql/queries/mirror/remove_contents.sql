-- Removes everything a project published, while its lease still stands. Content by hash is left to the collection of orphans.
with versions as (delete from document_versions where project_id = $1),
     identities as (delete from documents where project_id = $1),
     skipped as (delete from skipped_files where project_id = $1),
     statistics as (delete from term_stats where project_id = $1)
delete from sync_runs where project_id = $1;
