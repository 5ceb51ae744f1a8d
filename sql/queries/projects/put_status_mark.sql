-- GitHub was told this of the project's commit.
update projects set status_mark = $2 where project_id = $1;
