-- How many chunks do the project's current documents hold, and how many of them have vectors of model $2?
select count(*)::integer as chunks, count(e.chunk_hash)::integer as embedded
from (
    select distinct p.chunk_hash
    from document_versions v
    join document_chunks p
      on p.tenant_id = v.tenant_id and p.content_hash = v.content_hash and p.format = v.format and p.title = v.title
     and p.chunker_version = v.chunker_version
    where v.tenant_id = (select current_tenant())
      and v.project_id = $1
      and v.revision_to is null
) as c
left join chunk_vectors e on e.tenant_id = (select current_tenant()) and e.chunk_hash = c.chunk_hash and e.model = $2 and e.passage = 0;
