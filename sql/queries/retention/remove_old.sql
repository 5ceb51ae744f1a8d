-- Forgets at most $3 rows of the table $1 that were over before $2. How many were there?
select remove_old($1, $2, $3);
