-- Which links stand in a project's documents at revision $2, after document $3 and its link $4? $5 at most, by path and place.
select v.path,
       l.ordinal,
       l.line,
       l.target,
       l.text,
       l.kind
from (
    -- In order first: then no more documents are looked into than fill the answer.
    select d.path,
           d.content_hash,
           d.format
    from versions_at($1, $2) d
    where d.path >= $3
    order by d.path
    offset 0
) as v
join links l on l.content_hash = v.content_hash
            and l.format = v.format
where (v.path, l.ordinal) > ($3, $4)
order by v.path,
         l.ordinal
limit $5;
