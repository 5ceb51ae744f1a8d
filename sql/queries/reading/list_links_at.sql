-- Which links stand in a project's documents at revision $2, after document $3 and its link $4? $5 at most, by path and place.
select v.path,
       l.ordinal,
       l.line,
       l.target,
       l.text,
       l.kind
from versions_at($1, $2) v
join links l on l.content_hash = v.content_hash
            and l.format = v.format
where (v.path, l.ordinal) > ($3, $4)
order by v.path,
         l.ordinal
limit $5;
