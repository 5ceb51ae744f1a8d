-- What does the project hold now, by path?
select v.document_id, v.path, b.git_sha, v.content_hash, v.version, v.format, v.title, v.titled, v.revision_from,
       v.chunker_version
from document_versions v
join blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
where v.project_id = $1 and v.revision_to is null;
