-- Which tables of tenants are not closed by a forced row policy? (Control tables hold no content and say so in their comment.)
select c.relname::text as name
from pg_class c
where c.relnamespace = 'syncd'::regnamespace and c.relkind in ('r', 'p')
  and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
  and coalesce(obj_description(c.oid, 'pg_class'), '') not like 'Control table%'
  and not (
      c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy p where p.polrelid = c.oid)
  )
order by c.relname;
