-- With which sealed token is this project's source read?
select credential from projects where project_id = $1;
