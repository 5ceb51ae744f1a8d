-- Stores vectors of chunks, one a passage.
insert into chunk_vectors (tenant_id, chunk_hash, model, passage, embedding)
select current_tenant(), n.chunk_hash, $1, n.passage, n.embedding::halfvec
from unnest($2::bytea[], $3::smallint[], $4::text[]) as n (chunk_hash, passage, embedding)
order by n.chunk_hash, n.passage
on conflict do nothing;
