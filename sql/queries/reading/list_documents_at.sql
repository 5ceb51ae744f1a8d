-- Which documents of a project stand at one of these paths at revision $3? Several spellings of one path are asked for at once.
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
from versions_at($1, $3) v
join blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
where v.path = any($2::text[]);
