-- No version of the project is read by a layout older than chunker version $2 any more.
update projects
set chunker_version = $2
where project_id = $1;
