-- Which documents of a project are cut as plain text at revision $2, and why? $3 at most, by path.
select v.path,
       o.fallback as reason
from versions_at($1, $2) v
join outlines o on o.content_hash = v.content_hash
               and o.format = v.format
where o.fallback is not null
order by v.path
limit $3;
