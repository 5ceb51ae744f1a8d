-- The same where pgvector is missing: the impacts as an array.
insert into chunks (tenant_id, chunk_hash, header, body, format, chunker_version, tokens, term_ids, impacts)
select current_tenant(), n.chunk_hash, n.header, n.body, n.format, $8, n.tokens, n.term_ids::integer[], n.impacts::real[]
from unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[])
    as n (chunk_hash, header, body, format, tokens, term_ids, impacts)
on conflict do nothing;
