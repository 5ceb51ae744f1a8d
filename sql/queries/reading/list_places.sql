-- Where do the chunks of a content stand, in order? Its outline: what a reading is cut by.
select p.headings,
       p.anchor,
       p.line_from,
       p.line_to
from document_chunks p
where p.content_hash = $1
  and p.format = $2
  and p.title = $3
  and p.chunker_version = $4
order by p.ordinal;
