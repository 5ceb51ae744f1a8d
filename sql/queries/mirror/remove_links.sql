-- Removes the links of contents that are cut anew; those that the new chunker finds take their place.
delete from links l
using unnest($1::bytea[], $2::text[]) as n (content_hash, format)
where l.tenant_id = (select current_tenant()) and l.content_hash = n.content_hash and l.format = n.format;
