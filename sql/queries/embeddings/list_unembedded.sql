-- Which chunks of the project's current documents have no vector of model $2 yet? At most $3, beyond the hash $4.
select distinct c.chunk_hash, c.header, c.body
from document_versions v
join document_chunks p
  on p.tenant_id = v.tenant_id and p.content_hash = v.content_hash and p.format = v.format and p.title = v.title
 and p.chunker_version = v.chunker_version
join chunks c on c.tenant_id = p.tenant_id and c.chunk_hash = p.chunk_hash
where v.tenant_id = (select current_tenant())
  and v.project_id = $1
  and v.revision_to is null
  and c.chunk_hash > $4
  and not exists (
      select
      from chunk_vectors e
      where e.tenant_id = c.tenant_id and e.chunk_hash = c.chunk_hash and e.model = $2
  )
order by c.chunk_hash
limit $3;
