-- The project's published chunk places became $2 more (or less) by being cut anew.
update projects
set chunks = chunks + $2
where project_id = $1;
