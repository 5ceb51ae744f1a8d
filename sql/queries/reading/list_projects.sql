-- Which projects does the caller see, how fresh are they, and who holds or froze them? $1: those of a key's allow-list, or all.
select p.project_id,
       p.name,
       p.source,
       p.repository,
       p.branch,
       p.synced_docs_path,
       p.condition,
       p.reason,
       p.message,
       p.hint,
       p.next_try_at,
       p.checked_at,
       p.desired_commit,
       p.revision,
       p.revision as newest_revision,
       p.synced_commit,
       p.synced_at,
       p.documents,
       p.chunks,
       p.skipped,
       l.holder,
       l.acquired_at,
       coalesce(l.freeze_id is not null and (l.freeze_until is null or l.freeze_until > now()), false) as is_frozen,
       l.frozen_by,
       l.frozen_at,
       l.freeze_until,
       l.freeze_reason
from projects p
join project_leases l on l.tenant_id = p.tenant_id and l.project_id = p.project_id
where p.removed_at is null
  and ($1::uuid[] is null or p.project_id = any($1))
order by p.name collate "C";
