"""What is due, and how a project stands: the daemon's bookkeeping, never content."""

from collections.abc import Sequence
from datetime import datetime

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId, TenantId
from syncd.core.projects import Due
from syncd.errors import SyncdError

_CLAIM_DUE = load_statement("queue/claim_due")
_FINISH_DUE = load_statement("queue/finish_due")
_GET_NEXT_DUE = load_statement("queue/get_next_due")
_LIST_QUEUED = load_statement("queue/list_queued")
_KEEP_CLAIMED = load_statement("queue/keep_claimed")
_REQUEST_DUE = load_statement("queue/request_due")
_MARK_CONDITION = load_statement("projects/mark_condition")
_MARK_ATTEMPTED = load_statement("projects/mark_attempted")
_MARK_CHECKED = load_statement("projects/mark_checked")
_MARK_DESIRED = load_statement("projects/mark_desired")
_MARK_HELD = load_statement("projects/mark_held")


async def claim_due(connection: Connection, *, now: datetime, until: datetime, limit: int) -> Sequence[Due]:
    """Claim at most *limit* projects that are due, oldest first; nobody else sees them before *until*."""
    return [Due(**row) for row in await connection.fetch(_CLAIM_DUE, now, until, limit)]


async def keep_claimed(
    connection: Connection, claimed: Sequence[tuple[TenantId, ProjectId]], *, now: datetime, until: datetime
) -> None:
    """Hold the claims of looks that go on until *until*. A project that is due meanwhile was asked for: it stays due."""
    tenant_ids, project_ids = zip(*claimed, strict=True) if claimed else ((), ())
    await connection.execute(_KEEP_CLAIMED, tenant_ids, project_ids, now, until)


async def finish_due(connection: Connection, due: Due, *, now: datetime, next_at: datetime, failures: int) -> None:
    """Put a claimed project back: at *next_at*, or at once when it was requested during the run."""
    await connection.execute(_FINISH_DUE, due.tenant_id, due.project_id, due.requested_at, now, next_at, failures)


async def request_due(connection: Connection, tenant_id: TenantId, project_id: ProjectId, now: datetime) -> bool:
    """Mark a project due, as a person's request does; false when it is gone."""
    return await connection.fetchval(_REQUEST_DUE, tenant_id, project_id, now) is not None


async def list_queued(connection: Connection) -> Sequence[ProjectId]:
    """Return every project of every tenant, by id alone."""
    return [ProjectId(row["project_id"]) for row in await connection.fetch(_LIST_QUEUED)]


async def get_next_due(connection: Connection) -> datetime | None:
    """Return when the next project is due; none without projects."""
    found: datetime | None = await connection.fetchval(_GET_NEXT_DUE)
    return found


async def mark_condition(
    connection: Connection,
    project_id: ProjectId,
    condition: str,
    *,
    error: SyncdError,
    next_try_at: datetime,
    attempted_at: datetime,
) -> None:
    """Say what the look that began at *attempted_at* ended in: the trouble's code, sentence and hint, and the next try."""
    await connection.execute(
        _MARK_CONDITION,
        project_id,
        condition,
        error.code,
        error.message,
        error.hint,
        next_try_at,
        attempted_at,
    )


async def mark_attempted(connection: Connection, project_id: ProjectId, began_at: datetime) -> None:
    """Note that a look that began at *began_at* has ended well."""
    await connection.execute(_MARK_ATTEMPTED, project_id, began_at)


async def mark_checked(
    connection: Connection,
    project_id: ProjectId,
    now: datetime,
    *,
    reason: str | None = None,
    message: str | None = None,
    hint: str | None = None,
) -> None:
    """Note that the source was looked at and is what is published; *reason*, *message* and *hint* say what is odd about that."""
    await connection.execute(_MARK_CHECKED, project_id, now, reason, message, hint)


async def mark_desired(connection: Connection, project_id: ProjectId, commit: str | None) -> None:
    """Note that the source has moved and a sync begins."""
    await connection.execute(_MARK_DESIRED, project_id, commit)


async def mark_held(connection: Connection, project_id: ProjectId, tree_sha: str) -> None:
    """Remember a tree that would remove most documents, seen once."""
    await connection.execute(_MARK_HELD, project_id, tree_sha)
