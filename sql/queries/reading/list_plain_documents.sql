-- Which documents of a project are cut as plain text at revision $2, and why? Those behind the path $3, $4 at most, by path.
select v.path,
       o.fallback as reason
from versions_at($1, $2) v
join outlines o on o.content_hash = v.content_hash
               and o.format = v.format
where o.fallback is not null
  and v.path > $3
order by v.path
limit $4;
