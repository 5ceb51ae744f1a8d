-- Stages where chunks stand in contents. Headings come as JSON, since unnest cannot take arrays of unequal length.
insert into document_chunks (
    tenant_id, content_hash, format, title, chunker_version, titled, ordinal, chunk_hash,
    headings, anchor, line_from, line_to, char_from, char_to
)
select current_tenant(), n.content_hash, n.format, n.title, $13, n.titled, n.ordinal, n.chunk_hash,
       array(select jsonb_array_elements_text(n.headings::jsonb)), n.anchor, n.line_from, n.line_to, n.char_from, n.char_to
from unnest(
    $1::bytea[], $2::text[], $3::text[], $4::boolean[], $5::integer[], $6::bytea[],
    $7::text[], $8::text[], $9::integer[], $10::integer[], $11::integer[], $12::integer[]
) as n (content_hash, format, title, titled, ordinal, chunk_hash, headings, anchor, line_from, line_to, char_from, char_to)
on conflict do nothing;
