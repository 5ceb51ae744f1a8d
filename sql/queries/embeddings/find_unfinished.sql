-- Which revision of project $1, cut by which chunker, has chunks that are not known to have vectors of model $2, if any?
select p.revision, p.chunker_version
from projects p
left join project_embeddings e on e.tenant_id = p.tenant_id and e.project_id = p.project_id and e.model = $2
where p.project_id = $1
  and p.removed_at is null
  and p.revision > 0
  and (e.revision is null
       or e.revision <> p.revision
       or e.chunker_version <> p.chunker_version
       or e.embedded < e.chunks);
