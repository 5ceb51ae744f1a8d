-- Stages what contents say of themselves.
insert into outlines (tenant_id, content_hash, format, language, metadata, fallback)
select current_tenant(), n.content_hash, n.format, n.language, n.metadata::jsonb, n.fallback
from unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[])
    as n (content_hash, format, language, metadata, fallback)
on conflict do nothing;
