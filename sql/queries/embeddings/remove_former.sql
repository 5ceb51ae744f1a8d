-- Forgets other models than $2, once that has been complete for project $1 since before $4: how far they were, and vectors of the project's
-- chunks, $3 rows at most.
with complete as materialized (
    select e.project_id
    from project_embeddings e
    where e.project_id = $1
      and e.model = $2
      and e.completed_at < $4
), states as (
    delete from project_embeddings e
    using complete
    where e.project_id = complete.project_id
      and e.model <> $2
), former as materialized (
    select e.chunk_hash, e.model, e.passage
    from complete
    join document_versions v on v.tenant_id = (select current_tenant()) and v.project_id = complete.project_id and v.revision_to is null
    join document_chunks p
      on p.tenant_id = v.tenant_id and p.content_hash = v.content_hash and p.format = v.format and p.title = v.title
     and p.chunker_version = v.chunker_version
    join chunk_vectors e on e.tenant_id = p.tenant_id and e.chunk_hash = p.chunk_hash and e.model <> $2
    limit $3
)
delete from chunk_vectors d
using former
where d.tenant_id = (select current_tenant())
  and d.chunk_hash = former.chunk_hash
  and d.model = former.model
  and d.passage = former.passage;
