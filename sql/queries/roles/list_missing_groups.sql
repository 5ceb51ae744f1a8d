-- Which of the roles that migrations refer to does this cluster lack?
select wanted from unnest($1::text[]) as wanted
where not exists (select from pg_roles where rolname = wanted) order by wanted;
