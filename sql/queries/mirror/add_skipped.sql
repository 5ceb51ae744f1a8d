-- Lists files that match and are not mirrored, from the new revision on.
insert into skipped_files (tenant_id, project_id, path, reason, size, git_sha, revision_from)
select current_tenant(), $1, n.path, n.reason, n.size, n.git_sha, $6
from unnest($2::bytea[], $3::text[], $4::bigint[], $5::text[]) as n (path, reason, size, git_sha);
