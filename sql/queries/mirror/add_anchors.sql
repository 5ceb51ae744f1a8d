-- Stages the names that links to contents may end in.
insert into anchors (tenant_id, content_hash, format, name, line, is_label)
select current_tenant(), n.content_hash, n.format, n.name, n.line, n.is_label
from unnest($1::bytea[], $2::text[], $3::text[], $4::integer[], $5::boolean[])
    as n (content_hash, format, name, line, is_label)
on conflict do nothing;
