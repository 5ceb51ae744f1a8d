-- Which versions of the project are read by a layout older than chunker version $2? $3 rows, what is current first.
select v.document_id,
       v.revision_from,
       v.revision_to is null as is_current,
       v.content_hash,
       v.path,
       v.format,
       v.title,
       v.chunker_version,
       b.size
from document_versions v
join blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
where v.project_id = $1
  and v.chunker_version < $2
order by v.revision_to is not null,
         v.path,
         v.revision_from
limit $3;
