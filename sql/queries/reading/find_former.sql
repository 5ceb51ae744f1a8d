-- Which document stood last at a path, at revision $3 or before, as it was then?
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
  and v.path = $2
  and v.revision_from <= $3
order by v.revision_from desc
limit 1;
