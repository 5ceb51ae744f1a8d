-- Remembers a run that did or tried something.
insert into sync_runs (
    tenant_id, project_id, from_commit, to_commit, tree_sha, revision, outcome, added, modified, renamed, deleted, skipped,
    requests, received_bytes, milliseconds, fence, error_code, error_message, started_at, finished_at, history_rewritten
)
values (current_tenant(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20);
