-- Stages contents. Equal content is one row, whoever brings it.
insert into blobs (tenant_id, content_hash, git_sha, size, lines, encoding, text, bytes)
select current_tenant(), n.content_hash, n.git_sha, n.size, n.lines, n.encoding, n.text, n.bytes
from unnest($1::bytea[], $2::text[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::bytea[])
    as n (content_hash, git_sha, size, lines, encoding, text, bytes)
on conflict do nothing;
