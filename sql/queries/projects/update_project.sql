-- Changes what a project mirrors; the next sync sees another question and looks anew.
update projects
set branch = $2, docs_path = $3, include = $4, exclude = $5, commit_status = $6
where project_id = $1;
