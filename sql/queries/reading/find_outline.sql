-- What does a content say of itself, read in this format?
select o.language,
       o.metadata::text as metadata,
       o.fallback
from outlines o
where o.content_hash = $1
  and o.format = $2;
