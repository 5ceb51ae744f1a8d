-- How far are the vectors of model $2 of these projects ($1)? Those that nobody has begun with are left out.
select e.project_id,
       e.dimensions,
       e.chunks,
       e.embedded,
       e.revision,
       e.completed_at is not null as was_complete
from project_embeddings e
where e.project_id = any($1::uuid[])
  and e.model = $2;
