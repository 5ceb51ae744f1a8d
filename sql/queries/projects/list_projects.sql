-- Which projects does the tenant have, after this name? $3: those of a key's allow-list, or all.
select tenant_id, project_id, name, source, repository, repository_id, folder, branch, docs_path, include, exclude,
       condition, reason, message, hint, next_try_at, checked_at, attempted_at, desired_commit, held_tree_sha,
       revision, synced_commit, tree_sha, source_mark, selection_hash, synced_docs_path, synced_at, documents, chunks, skipped,
       chunker_version, removed_at, created_at, compared_at, commit_status, status_mark
from projects
where removed_at is null and name > $1 and ($3::uuid[] is null or project_id = any($3))
order by name
limit $2;
