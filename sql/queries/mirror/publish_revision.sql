-- Makes the new revision the one that readers see.
update projects
set revision = $2, synced_commit = $3, desired_commit = $3, tree_sha = $4, source_mark = $5, selection_hash = $6,
    synced_docs_path = $7, synced_at = $8, checked_at = $8, documents = $9, chunks = $10, skipped = $11,
    chunker_version = case when revision = 0 then $15 else chunker_version end, held_tree_sha = null,
    condition = 'ready', reason = $12, message = $13, hint = $14, next_try_at = null,
    compared_at = case when $16 then $8 else compared_at end
where project_id = $1;
