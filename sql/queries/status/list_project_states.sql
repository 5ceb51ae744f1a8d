-- How do the tenant's projects stand, and how did the last run of each end? $1: those of a key's allow-list, or all; at most $2.
select p.project_id,
       p.name,
       p.source,
       p.repository,
       p.folder,
       p.branch,
       p.condition,
       p.reason,
       p.message,
       p.hint,
       p.next_try_at,
       p.checked_at,
       p.attempted_at,
       p.desired_commit,
       p.synced_commit,
       p.revision,
       p.synced_at,
       p.documents,
       p.chunks,
       p.skipped,
       r.outcome as run_outcome,
       r.from_commit as run_from_commit,
       r.to_commit as run_to_commit,
       r.tree_sha as run_tree_sha,
       r.revision as run_revision,
       r.started_at as run_started_at,
       r.finished_at as run_finished_at,
       r.added as run_added,
       r.modified as run_modified,
       r.renamed as run_renamed,
       r.deleted as run_deleted,
       r.skipped as run_skipped,
       r.requests as run_requests,
       r.received_bytes as run_received_bytes,
       r.milliseconds as run_milliseconds,
       r.error_code as run_error_code,
       r.error_message as run_error_message,
       r.history_rewritten as run_history_rewritten
from projects p
left join lateral (
    select s.outcome, s.from_commit, s.to_commit, s.tree_sha, s.revision, s.started_at, s.finished_at, s.added, s.modified, s.renamed,
           s.deleted, s.skipped, s.requests, s.received_bytes, s.milliseconds, s.error_code, s.error_message, s.history_rewritten
    from sync_runs s
    where s.tenant_id = p.tenant_id and s.project_id = p.project_id
    order by s.started_at desc
    limit 1
) r on true
where p.removed_at is null
  and ($1::uuid[] is null or p.project_id = any($1))
order by p.name
limit $2;
