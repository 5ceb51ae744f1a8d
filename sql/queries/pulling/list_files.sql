-- Which files are the documents of a project at revision $2?
select v.path,
       v.content_hash,
       b.size
from document_versions v
join blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
where v.project_id = $1
  and v.revision_from <= $2
  and (v.revision_to is null or v.revision_to > $2)
order by v.path;
