-- Which documents of a project have one of these labels ($2) at revision $3?
select a.name,
       v.path
from anchors a
join document_versions v on v.content_hash = a.content_hash
                        and v.format = a.format
where a.name = any($2::text[])
  and a.is_label
  and v.project_id = $1
  and v.revision_from <= $3
  and (v.revision_to is null or v.revision_to > $3)
order by v.path;
