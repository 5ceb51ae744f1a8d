-- Adds a project; its lease and its place in the queue come by trigger. The credential is bound to the id, so the id is given.
insert into projects (tenant_id, project_id, name, source, repository, repository_id, folder, branch, docs_path, include, exclude, credential, commit_status)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);
