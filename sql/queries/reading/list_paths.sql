-- Which paths does a project have? $2 at most: the nearest of them are named when a path is not found.
select v.path
from document_versions v
where v.project_id = $1
  and v.revision_to is null
order by v.path
limit $2;
