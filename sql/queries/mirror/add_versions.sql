-- Opens versions at the new revision.
insert into document_versions (
    tenant_id, project_id, document_id, version, content_hash, path, format, title, titled,
    commit_sha, author, committed_at, revision_from, chunker_version
)
select current_tenant(), $1, n.document_id, n.version, n.content_hash, n.path, n.format, n.title, n.titled, $9, $10, $11, $12, $13
from unnest($2::uuid[], $3::integer[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::boolean[])
    as n (document_id, version, content_hash, path, format, title, titled);
