-- Which links stand in a content, in the order of the text, from the one number $3 (from 0)? $4 at most.
select l.line,
       l.target,
       l.text,
       l.kind
from links l
where l.content_hash = $1
  and l.format = $2
  and l.ordinal >= $3
order by l.ordinal
limit $4;
