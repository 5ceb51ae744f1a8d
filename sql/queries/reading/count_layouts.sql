-- How many chunks have these layouts, in the order that they are named?
select (
           select p.ordinal + 1
           from document_chunks p
           where p.tenant_id = (select current_tenant())
             and p.content_hash = n.content_hash
             and p.format = n.format
             and p.title = n.title
             and p.chunker_version = n.chunker_version
           order by p.ordinal desc
           limit 1
       ) as chunks
from unnest($1::bytea[], $2::text[], $3::text[], $4::integer[]) with ordinality as n (content_hash, format, title, chunker_version, place)
order by n.place;
