-- Remembers what the name of a repository stands for, or that it was renamed.
update projects set repository = $2, repository_id = $3 where project_id = $1;
