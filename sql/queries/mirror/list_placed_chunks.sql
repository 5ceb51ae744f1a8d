-- How often does each chunk stand in these contents? A content named twice counts twice.
select p.chunk_hash, count(*)::integer as places
from unnest($1::bytea[], $2::text[], $3::text[]) as d (content_hash, format, title)
join document_chunks p
  on p.tenant_id = current_tenant() and p.content_hash = d.content_hash and p.format = d.format and p.title = d.title
 and p.chunker_version = $4
group by p.chunk_hash;
