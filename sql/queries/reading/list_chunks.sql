-- Which chunks of a content overlap lines $5 to $6, stand at ordinal $7 or later and end after $8 characters of the text? $9 rows, in order.
select p.ordinal,
       p.headings,
       p.anchor,
       p.line_from,
       p.line_to,
       p.char_from,
       p.char_to,
       c.header,
       c.body,
       c.tokens
from document_chunks p
join chunks c on c.tenant_id = p.tenant_id and c.chunk_hash = p.chunk_hash
where p.content_hash = $1
  and p.format = $2
  and p.title = $3
  and p.chunker_version = $4
  and p.line_from <= $6
  and p.line_to >= $5
  and p.ordinal >= $7
  and p.char_to > $8
order by p.ordinal
limit $9;
