-- What are the exact bytes of these contents?
select b.content_hash,
       coalesce(b.bytes, convert_to(b.text, 'UTF8')) as content
from blobs b
where b.content_hash = any($1::bytea[]);
