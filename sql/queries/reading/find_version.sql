-- What was version $3 of the document that stands, or last stood, at a path at revision $4?
select v.document_id,
       v.path,
       v.format,
       v.title,
       v.version,
       v.content_hash,
       b.git_sha,
       b.size,
       b.lines,
       v.commit_sha,
       v.author,
       v.committed_at,
       v.revision_from,
       v.revision_to,
       v.chunker_version
from document_versions v
join blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
where v.project_id = $1
  and v.document_id = (
      select stood.document_id
      from document_versions stood
      where stood.project_id = $1
        and stood.path = $2
        and stood.revision_from <= $4
      order by stood.revision_from desc
      limit 1
  )
  and v.version = $3
  and v.revision_from <= $4
order by v.revision_from desc
limit 1;
