"""What operators see: how each project of a tenant stands, who works on it, and whether the servers answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import syncd
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.status import ProjectState, list_project_states
from syncd.adapters.postgres.transactions import reading
from syncd.adapters.redis.budgets import list_budgets
from syncd.adapters.redis.locks import RedisClient, list_holders
from syncd.core.budgets import KnownBudget, Standing
from syncd.core.ids import ProjectId, TenantId
from syncd.core.locks import Holder
from syncd.core.runs import Outcome, Run
from syncd.errors import SyncdError
from syncd.services.budgets import Budgets

PROJECTS_LIMIT = 1000
SHOWN_ID_CHARACTERS = 8  # of a hash: enough to tell the credentials of a tenant apart


@dataclass(frozen=True, slots=True)
class Status:
    """A tenant's projects by name. *redis_trouble* says why no holder is known; *truncated*, that there are more projects.

    *budgets*: what is left to the credentials that the projects use; none where nobody could be asked.
    """

    projects: Sequence[ProjectState]
    holders: Mapping[ProjectId, Holder]
    redis_trouble: SyncdError | None
    truncated: bool
    as_of: datetime
    budgets: Sequence[KnownBudget] | None = None


async def get_status(
    pool: Pool,
    redis: RedisClient,
    tenant_id: TenantId,
    *,
    project_ids: Collection[ProjectId] | None,
    now: datetime,
    limit: int = PROJECTS_LIMIT,
    own: Budgets | None = None,
) -> Status:
    """Return how the tenant's projects stand; with *project_ids* only those. Raises `Unreachable`.

    Goes on without Redis: then nobody is known to hold a lock, and of budgets only what this process knows (*own*).
    """
    with explaining_outage():
        async with reading(pool, tenant_id) as connection:
            found = await list_project_states(connection, project_ids=project_ids, limit=limit + 1)
    projects = found[:limit]
    shown = [project.project_id for project in projects]
    fetched = [project.project_id for project in projects if project.source == "github"]
    truncated = len(found) > limit
    try:
        holders = await list_holders(redis, shown)
        budgets = await list_budgets(redis, fetched, now=now.timestamp())
    except SyncdError as trouble:
        known = own.list_own(fetched) if own else None
        return Status(projects, {}, trouble, truncated=truncated, as_of=now, budgets=known)
    return Status(projects, holders, None, truncated=truncated, as_of=now, budgets=budgets)


def make_status_document(status: Status) -> dict[str, object]:
    """Return *status* as JSON, with the names of the contract (§3). *github* is null where no budget could be asked for."""
    return {
        "version": syncd.__version__,
        "asOf": _format_time(status.as_of),
        "postgres": {"status": "up"},
        "redis": _describe_server(status.redis_trouble),
        "github": _describe_budgets(status.budgets),
        "projects": [
            _describe_project(project, status.holders.get(project.project_id), status.as_of)
            for project in status.projects
        ],
        "truncated": status.truncated,
    }


def _describe_server(trouble: SyncdError | None) -> dict[str, object]:
    if trouble is None:
        return {"status": "up"}
    return {"status": "down", "reason": trouble.code, "message": trouble.message, "hint": trouble.hint}


def _describe_budgets(budgets: Sequence[KnownBudget] | None) -> list[dict[str, object]] | None:
    """Return one object for each credential and resource; a credential that nothing is known of has one of nulls."""
    if budgets is None:
        return None
    return [
        {"id": budget.budget_id[:SHOWN_ID_CHARACTERS], "credential": budget.kind, **_describe_standing(standing)}
        for budget in sorted(budgets, key=lambda budget: (budget.kind, budget.budget_id))
        for standing in (*budget.standings,) or (None,)
    ]


def _describe_standing(standing: Standing | None) -> dict[str, object]:
    if standing is None:
        names = ("resource", "limit", "remaining", "resetAt", "waitingUntil", "waitingFor", "shared")
        return dict.fromkeys(names)
    return {
        "resource": standing.resource,
        "limit": standing.limit,
        "remaining": standing.remaining,
        "resetAt": _format_epoch(standing.ends_at),
        "waitingUntil": _format_epoch(standing.paused_until) if standing.paused_until else None,
        "waitingFor": standing.pause_reason or None,
        "shared": standing.shared,
    }


def _describe_project(project: ProjectState, holder: Holder | None, now: datetime) -> dict[str, object]:
    return {
        "id": str(project.project_id),
        "name": project.name,
        "source": project.source,
        "origin": project.repository or project.folder,
        "branch": project.branch,
        "condition": project.condition,
        "reason": project.reason,
        "message": project.message,
        "hint": project.hint,
        **_describe_lock(holder, now),
        "desiredCommit": project.desired_commit,
        "syncedCommit": project.synced_commit,
        "revision": project.revision,
        "documents": project.documents,
        "chunks": project.chunks,
        "skipped": project.skipped,
        "checkedAt": _format_time(project.checked_at),
        "syncedAt": _format_time(project.synced_at),
        "lastSync": _describe_run(project.last_run),
        "lastError": _describe_error(project),
        "nextTry": _format_time(project.next_try_at),
    }


def _describe_lock(holder: Holder | None, now: datetime) -> dict[str, object]:
    """Return the fields of the lock; all null when it is free or not known. *heartbeatAge* is in seconds."""
    if holder is None:
        names = ("lockedBy", "lockedAt", "expiresAt", "lockReason", "lockKind", "fence", "heartbeatAge")
        return dict.fromkeys(names)
    # The heartbeat is by the lock server's clock: ours may be a little behind it.
    age = max(0.0, (now - holder.heartbeat_at).total_seconds())
    return {
        "lockedBy": holder.locked_by,
        "lockedAt": _format_time(holder.locked_at),
        "expiresAt": _format_time(holder.expires_at),
        "lockReason": holder.reason,
        "lockKind": holder.kind,
        "fence": holder.fence,
        "heartbeatAge": round(age, 3),
    }


def _describe_run(run: Run | None) -> dict[str, object] | None:
    if run is None:
        return None
    return {
        "fromCommit": run.from_commit,
        "toCommit": run.to_commit,
        "revision": run.revision,
        "outcome": run.outcome.value,
        "added": run.added,
        "modified": run.modified,
        "renamed": run.renamed,
        "deleted": run.deleted,
        "skipped": run.skipped,
        "requests": run.requests,
        "bytes": run.received_bytes,
        "milliseconds": dict(run.milliseconds),
        "startedAt": _format_time(run.started_at),
    }


def _describe_error(project: ProjectState) -> dict[str, object] | None:
    """Return what hinders the project now, or else how its last run failed."""
    if project.reason is not None:
        at = _format_time(project.attempted_at)
        return {"code": project.reason, "message": project.message, "hint": project.hint, "at": at}
    run = project.last_run
    if run is None or run.outcome is not Outcome.FAILED:
        return None
    return {"code": run.error_code, "message": run.error_message, "hint": None, "at": _format_time(run.finished_at)}


def _format_epoch(seconds: float) -> str:
    return datetime.fromtimestamp(round(seconds), UTC).isoformat()


def _format_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
