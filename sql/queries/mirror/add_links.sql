-- Stages the links of contents.
insert into links (tenant_id, content_hash, format, ordinal, line, target, text, kind)
select current_tenant(), n.content_hash, n.format, n.ordinal, n.line, n.target, n.text, n.kind
from unnest($1::bytea[], $2::text[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[])
    as n (content_hash, format, ordinal, line, target, text, kind)
on conflict do nothing;
