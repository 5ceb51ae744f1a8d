-- How far are the vectors of the tenant's projects ($1, or all), by the model that was last worked on?
select distinct on (e.project_id)
       e.project_id,
       e.model,
       e.chunks,
       e.embedded,
       e.completed_at is not null as was_complete,
       e.reason,
       e.message,
       e.updated_at
from project_embeddings e
where $1::uuid[] is null or e.project_id = any($1)
order by e.project_id, e.updated_at desc;
