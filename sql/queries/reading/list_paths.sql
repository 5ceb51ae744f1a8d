-- Which paths does a project have at revision $3? $2 at most: the nearest of them are named when a path is not found.
select v.path
from versions_at($1, $3) v
order by v.path
limit $2;
