-- Which current documents of a project stand at one of these paths? Several spellings of one path are asked for at once.
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
       v.revision_to
from document_versions v
join blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
where v.project_id = $1
  and v.path = any($2::text[])
  and v.revision_to is null;
