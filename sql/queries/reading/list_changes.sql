-- What differs between revisions $2 and $3 of a project, by path, beyond ($4, $5)? $6 rows. A path can come twice: first the document
-- that left it, then the one that took it. What changed and changed back is left out.
with touched as (
    select v.document_id
    from document_versions v
    where v.project_id = $1
      and v.revision_from > $2
      and v.revision_from <= $3
    union
    select v.document_id
    from document_versions v
    where v.project_id = $1
      and v.revision_to > $2
      and v.revision_to <= $3
), compared as (
    select before.path as old_path,
           before.version as old_version,
           after.path,
           after.version,
           after.title,
           after.commit_sha,
           after.author,
           after.committed_at,
           coalesce(after.path, before.path) as place,
           case when after.path is null then 0 else 1 end as turn
    from touched
    left join document_versions before on before.project_id = $1
                                      and before.document_id = touched.document_id
                                      and before.revision_from <= $2
                                      and (before.revision_to is null or before.revision_to > $2)
    left join document_versions after on after.project_id = $1
                                     and after.document_id = touched.document_id
                                     and after.revision_from <= $3
                                     and (after.revision_to is null or after.revision_to > $3)
)
select c.old_path,
       c.old_version,
       c.path,
       c.version,
       c.title,
       c.commit_sha,
       c.author,
       c.committed_at
from compared c
where (c.old_path is distinct from c.path or c.old_version is distinct from c.version)
  and (c.place, c.turn) > ($4::text collate "C", $5::integer)
order by c.place,
         c.turn
limit $6;
