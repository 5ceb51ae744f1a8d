-- Which links of a project's documents at revision $2 point to something of one of these names? $4 at most.
with pointing as materialized (
    select l.content_hash,
           l.format,
           l.ordinal,
           l.line,
           l.target,
           l.text,
           l.kind
    from links l
    where l.target_name = any($3::text[])
)
select v.path,
       l.line,
       l.target,
       l.text,
       l.kind
from pointing l
join document_versions v on v.content_hash = l.content_hash
                        and v.format = l.format
where v.project_id = $1
  and v.revision_from <= $2
  and (v.revision_to is null or v.revision_to > $2)
order by v.path,
         l.ordinal
limit $4;
