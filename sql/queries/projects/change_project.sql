-- Changes a project as a person asks: what it is called, what it mirrors, whom it tells, and with which sealed token ($8 says whether to).
update projects
set name = $2, branch = $3, docs_path = $4, include = $5, exclude = $6, commit_status = $7,
    credential = case when $8 then $9 else credential end
where project_id = $1 and removed_at is null
returning project_id;
