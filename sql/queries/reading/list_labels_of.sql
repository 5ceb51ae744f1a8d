-- Which labels stand in a content?
select a.name
from anchors a
where a.content_hash = $1
  and a.format = $2
  and a.is_label
order by a.name
limit $3;
