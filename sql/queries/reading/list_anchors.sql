-- Which of these names ($3) may a link to the documents at these paths ($2) end in, at revision $4?
select v.path,
       a.name
from versions_at($1, $4) v
join anchors a on a.content_hash = v.content_hash
              and a.format = v.format
where v.path = any($2::text[])
  and a.name = any($3::text[]);
