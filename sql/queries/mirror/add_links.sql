-- Stages the links of contents.
insert into links (tenant_id, content_hash, format, ordinal, line, target, text)
select current_tenant(), n.content_hash, n.format, n.ordinal, n.line, n.target, n.text
from unnest($1::bytea[], $2::text[], $3::integer[], $4::integer[], $5::text[], $6::text[])
    as n (content_hash, format, ordinal, line, target, text)
on conflict do nothing;
