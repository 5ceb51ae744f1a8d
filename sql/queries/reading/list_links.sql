-- Which links stand in a content, in the order of the text? $3 at most.
select l.line,
       l.target,
       l.text
from links l
where l.content_hash = $1
  and l.format = $2
order by l.ordinal
limit $3;
