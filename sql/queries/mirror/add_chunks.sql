-- Stages chunks with their search terms; ids and impacts come in their text forms.
insert into chunks (tenant_id, chunk_hash, header, body, format, chunker_version, tokens, term_ids, terms)
select current_tenant(), n.chunk_hash, n.header, n.body, n.format, $8, n.tokens, n.term_ids::integer[], n.terms::sparsevec
from unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[])
    as n (chunk_hash, header, body, format, tokens, term_ids, terms)
on conflict do nothing;
