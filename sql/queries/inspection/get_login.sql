-- What may this login do, beyond what its group may: is it a superuser, past row policies, an owner, a member of the group $1?
select r.rolsuper as is_superuser,
       r.rolbypassrls as bypasses_policies,
       exists (
           select from pg_class c
           where c.relowner = r.oid and c.relnamespace = 'syncd'::regnamespace
       ) as owns_tables,
       exists (
           select from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid and g.rolname = $1
       ) as is_member
from pg_roles r
where r.rolname = current_user;
