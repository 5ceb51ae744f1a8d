"""The status as JSON, with the names of the contract: one object of the servers, and one of each project."""

from collections.abc import Sequence
from datetime import UTC, datetime

import syncd
from syncd.adapters.postgres.status import EmbeddingState, ProjectState
from syncd.adapters.redis.policy import RIGHT_POLICY
from syncd.core.budgets import KnownBudget, Standing
from syncd.core.progress import Progress
from syncd.core.runs import Outcome, Run
from syncd.errors import SyncdError
from syncd.services.lock_states import LockState, describe_lock
from syncd.services.status import Status

SHOWN_ID_CHARACTERS = 8  # of a hash: enough to tell the credentials of a tenant apart
GITHUB_URL = "https://github.com"


def make_status_document(status: Status, *, github_url: str = GITHUB_URL) -> dict[str, object]:
    """Return *status* as JSON. *github_url* is where people see repositories."""
    return {**describe_servers(status), "projects": describe_projects(status, github_url=github_url)}


def describe_servers(status: Status) -> dict[str, object]:
    """Return what is not of one project. *github* is null where no budget could be asked for."""
    return {
        "version": syncd.__version__,
        "asOf": format_time(status.as_of),
        "postgres": {"status": "up"},
        "redis": _describe_redis(status.redis_trouble, status.known.wrong_policy),
        "github": _describe_budgets(status.known.budgets),
        "truncated": status.truncated,
    }


def describe_trouble(trouble: SyncdError) -> dict[str, object]:
    """Return a server that is down."""
    return {"status": "down", "reason": trouble.code, "message": trouble.message, "hint": trouble.hint}


def describe_projects(status: Status, *, github_url: str = GITHUB_URL) -> list[dict[str, object]]:
    """Return one object for each project of *status*."""
    return [
        _describe_project(
            project,
            status.locks.get(project.project_id),
            status.known.progress.get(project.project_id),
            status.embeddings.get(project.project_id),
            now=status.as_of,
            github_url=github_url,
        )
        for project in status.projects
    ]


def _describe_redis(trouble: SyncdError | None, wrong_policy: str | None) -> dict[str, object]:
    if trouble is not None:
        return describe_trouble(trouble)
    if wrong_policy is None:
        return {"status": "up"}
    return {
        "status": "up",
        "reason": "redis_evicts",
        "message": f"The maxmemory-policy of Redis is {wrong_policy}: when its memory is full it throws locks away.",
        "hint": f"Set it to {RIGHT_POLICY}. Until then a project may be synced twice at once; nothing stale can be published.",
    }


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


def _describe_project(
    project: ProjectState,
    lock: LockState | None,
    progress: Progress | None,
    embedding: EmbeddingState | None,
    *,
    now: datetime,
    github_url: str,
) -> dict[str, object]:
    return {
        "id": str(project.project_id),
        "name": project.name,
        "source": project.source,
        "origin": project.repository or project.folder,
        "originUrl": f"{github_url}/{project.repository}" if project.repository else None,
        "branch": project.branch,
        "condition": find_condition(project, lock),
        "reason": project.reason,
        "message": project.message,
        "hint": project.hint,
        **_describe_lock(lock, now),
        "progress": describe_progress(progress),
        "desiredCommit": project.desired_commit,
        "syncedCommit": project.synced_commit,
        "revision": project.revision,
        "documents": project.documents,
        "chunks": project.chunks,
        "skipped": project.skipped,
        "vectors": describe_embedding(embedding),
        "checkedAt": format_time(project.checked_at),
        "syncedAt": format_time(project.synced_at),
        "lastSync": describe_run(project.last_run),
        "lastError": _describe_error(project),
        "nextTry": format_time(project.next_try_at),
    }


def find_condition(project: ProjectState, lock: LockState | None) -> str:
    """Return how a project stands now: the row says how its last look ended, the lock what goes on since."""
    if lock is not None and lock.lease.is_frozen:
        return "frozen"
    return "syncing" if lock and lock.holder and lock.holder.kind == "sync" else project.condition


def _describe_lock(state: LockState | None, now: datetime) -> dict[str, object]:
    """Return the fields of the lock, and when the holder was last heard of: an age that a reader can let grow."""
    shown = describe_lock(state, now)
    heard = state.holder.heartbeat_at if state and state.holder and shown["heartbeatAge"] is not None else None
    return {**shown, "heartbeatAt": format_time(heard)}


def describe_progress(progress: Progress | None) -> dict[str, object] | None:
    """Return how far a running sync is."""
    if progress is None:
        return None
    return {
        "phase": progress.phase,
        "done": progress.done,
        "total": progress.total,
        "startedAt": format_time(progress.started_at),
    }


def describe_embedding(state: EmbeddingState | None) -> dict[str, object] | None:
    """Return how far the vectors of a project are; none where no model was chosen for it."""
    if state is None:
        return None
    return {
        "model": state.model,
        "chunks": state.chunks,
        "embedded": state.embedded,
        "wasComplete": state.was_complete,
        "reason": state.reason,
        "message": state.message,
        "updatedAt": format_time(state.updated_at),
    }


def describe_run(run: Run | None) -> dict[str, object] | None:
    """Return a run with the names of the contract."""
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
        "startedAt": format_time(run.started_at),
        "historyRewritten": run.history_rewritten,
    }


def _describe_error(project: ProjectState) -> dict[str, object] | None:
    """Return what hinders the project now, or else how its last run failed."""
    if project.reason is not None:
        at = format_time(project.attempted_at)
        return {"code": project.reason, "message": project.message, "hint": project.hint, "at": at}
    run = project.last_run
    if run is None or run.outcome is not Outcome.FAILED:
        return None
    return {"code": run.error_code, "message": run.error_message, "hint": None, "at": format_time(run.finished_at)}


def _format_epoch(seconds: float) -> str:
    return datetime.fromtimestamp(round(seconds), UTC).isoformat()


def format_time(moment: datetime | None) -> str | None:
    """Return a time as JSON has it."""
    return None if moment is None else moment.isoformat()
