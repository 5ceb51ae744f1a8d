-- On which line of a content does one of these names ($3) stand first?
select a.line
from anchors a
where a.content_hash = $1
  and a.format = $2
  and a.name = any($3::text[])
order by a.line
limit 1;
