-- Makes or updates one login (sql/roles/logins.sql).
select pg_temp.put_login($1, $2, $3);
