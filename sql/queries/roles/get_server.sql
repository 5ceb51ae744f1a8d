-- Which server is this, and may this login create roles?
select current_setting('server_version_num')::integer as version_number,
       current_setting('server_version') as version,
       current_database() as database,
       r.rolsuper or r.rolcreaterole as creates_roles
from pg_roles r where r.rolname = current_user;
