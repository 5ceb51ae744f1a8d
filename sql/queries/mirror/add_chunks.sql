-- Stages chunks with their search vectors.
insert into chunks (tenant_id, chunk_hash, header, body, format, chunker_version, tokens, terms)
select current_tenant(), n.chunk_hash, n.header, n.body, n.format, $7, n.tokens, n.terms::sparsevec
from unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[])
    as n (chunk_hash, header, body, format, tokens, terms)
on conflict do nothing;
