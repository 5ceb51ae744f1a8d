-- Removes the links, anchors and words of contents that are cut anew; what the new chunker finds takes their place.
with cut as (
    select n.content_hash, n.format
    from unnest($1::bytea[], $2::text[]) as n (content_hash, format)
),
named as (
    delete from anchors a
    using cut
    where a.tenant_id = (select current_tenant()) and a.content_hash = cut.content_hash and a.format = cut.format
),
said as (
    delete from outlines o
    using cut
    where o.tenant_id = (select current_tenant()) and o.content_hash = cut.content_hash and o.format = cut.format
)
delete from links l
using cut
where l.tenant_id = (select current_tenant()) and l.content_hash = cut.content_hash and l.format = cut.format;
