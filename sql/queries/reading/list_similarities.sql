-- How near to the query (vector $2 of model $1) are these chunks ($3), each by its nearest passage? Those without vectors are left out.
select v.chunk_hash,
       max(case when vector_dims(v.embedding) = vector_dims($2::text::halfvec) then -(v.embedding <#> $2::text::halfvec) end) as similarity
from chunk_vectors v
where v.tenant_id = (select current_tenant())
  and v.chunk_hash = any($3::bytea[])
  and v.model = $1
group by v.chunk_hash;
