-- How many current documents of a project have a path from $2 up to, not including, $3?
select count(*)
from document_versions v
where v.project_id = $1
  and v.path >= $2
  and v.path < $3
  and v.revision_to is null;
