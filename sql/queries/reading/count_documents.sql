-- How many documents of a project at revision $4 have a path from $2 up to, not including, $3, that matches pattern $5 (empty: any)?
select count(*)
from versions_at($1, $4) v
where v.path >= $2
  and v.path < $3
  and ($5 = '' or v.path ~ $5);
