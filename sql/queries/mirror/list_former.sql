-- Which documents that are gone stood last at these paths? They come back with their history.
select distinct on (v.path) v.path, v.document_id, v.version, v.content_hash
from document_versions v
where v.project_id = $1 and v.path = any($2::text[]) and v.revision_to is not null
  and not exists (
      select from document_versions o
      where o.tenant_id = v.tenant_id and o.project_id = v.project_id and o.document_id = v.document_id
        and (o.revision_to is null or o.revision_from > v.revision_from)
  )
order by v.path, v.revision_from desc;
