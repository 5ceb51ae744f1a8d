-- Forgets at most $2 of the requests that came before $1. How many were there?
select remove_requests($1, $2);
