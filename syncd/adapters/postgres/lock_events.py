"""The history of locks: lines are added, read by page, and never changed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId
from syncd.core.locks import LockEvent

_ADD_LOCK_EVENT = load_statement("leases/add_lock_event")
_LIST_LOCK_EVENTS = load_statement("leases/list_lock_events")


async def add_lock_event(
    connection: Connection,
    project_id: ProjectId,
    action: str,
    *,
    actor: str,
    reason: str | None = None,
    fence: int | None = None,
    previous_holder: str | None = None,
) -> None:
    """Remember what happened to a lock."""
    await connection.execute(_ADD_LOCK_EVENT, project_id, action, actor, reason, fence, previous_holder)


async def list_lock_events(
    connection: Connection, project_id: ProjectId, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[LockEvent]:
    """Return at most *limit* events of a project, newest first, of those that come after the event *before*."""
    at, event_id = before or (None, None)
    return [LockEvent(**row) for row in await connection.fetch(_LIST_LOCK_EVENTS, project_id, at, event_id, limit)]
