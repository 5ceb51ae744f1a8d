-- Which of several paths or folders are there? Of each: project $1, at its revision of $2, from path $3 up to, not including, $4. Returns their numbers, from 1.
select asked.number
from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[]) with ordinality as asked (project_id, revision, path_from, path_to, number)
where exists (
    select
    from versions_at(asked.project_id, asked.revision) v
    where v.path >= asked.path_from
      and v.path < asked.path_to
);
