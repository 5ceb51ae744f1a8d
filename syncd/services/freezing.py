"""Locks as people change them: freeze, unfreeze, force-release, and the history of it all."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from syncd.adapters.postgres import freezes, lock_events
from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.leases import get_lease
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.transactions import name_request, reading, writing
from syncd.adapters.redis.locks import ProjectLocks, RedisClient
from syncd.core.cursors import make_foreign_cursor_error, make_open_cursor, read_open_cursor
from syncd.core.ids import ProjectId, TenantId
from syncd.core.locks import Actor, LockEvent, check_until, parse_reason
from syncd.errors import NotFound, SyncdError
from syncd.services.lock_states import LockState, LockStates, list_lock_states, show_in_redis

HISTORY_LIMIT = 100


@dataclass(frozen=True, slots=True)
class LockDesk:
    """A tenant's locks in the hands of *actor*. *pool* is the web login's; without Redis everything works but the showing.

    *request_id* is that of the request which the actor makes, where it is one: the history tells it.
    """

    pool: Pool
    redis: RedisClient
    locks: ProjectLocks
    tenant_id: TenantId
    actor: Actor
    lease_seconds: float
    clock: Callable[[], datetime]
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Events of a lock, newest first; *next_cursor* leads to earlier ones."""

    events: Sequence[LockEvent]
    next_cursor: str | None


async def freeze_project(
    desk: LockDesk, project_id: ProjectId, *, reason: str, until: datetime | None = None
) -> LockState:
    """Stop a project's syncs: a running one cannot publish any more, one that is publishing ends first. Reads go on.

    Raises `BadUsage` for the reason or the end, `Busy` when another's freeze stands or the holder writes too long, `NotFound`.
    """
    reason, until = parse_reason(reason), check_until(until, desk.clock()) if until else None
    async with _changing(desk) as connection:
        await freezes.freeze_project(connection, project_id, desk.actor, reason=reason, until=until)
    return await _show(desk, project_id)


async def unfreeze_project(desk: LockDesk, project_id: ProjectId) -> LockState:
    """Lift a freeze, if one stands, and make the project due. Raises `Busy` when it is another's and we are no admin, `NotFound`."""
    async with _changing(desk) as connection:
        await freezes.unfreeze_project(connection, project_id, desk.actor)
    return await _show(desk, project_id)


async def force_release(desk: LockDesk, project_id: ProjectId, *, reason: str, expected_fence: int) -> LockState:
    """End the lease of the holder with *expected_fence*, which loses what it has not published, and make the project due.

    Raises `BadUsage` for the reason, `Rejected` when somebody else holds it by now, `Busy` when it is frozen, `NotFound`.
    """
    reason = parse_reason(reason)
    async with _changing(desk) as connection:
        await freezes.force_release(connection, project_id, desk.actor, reason=reason, expected_fence=expected_fence)
    return await _show(desk, project_id)


async def get_lock(desk: LockDesk, project_id: ProjectId) -> LockState:
    """Return how the lock of a project stands. Raises `NotFound`."""
    found = await list_locks(desk, [project_id])
    if project_id not in found.states:
        raise NotFound("project_not_found", "The project is gone.", hint="`syncd project list` shows the projects.")
    return found.states[project_id]


async def list_locks(desk: LockDesk, project_ids: Sequence[ProjectId]) -> LockStates:
    """Return how the locks of *project_ids* stand."""
    return await list_lock_states(
        desk.pool,
        desk.redis,
        desk.tenant_id,
        project_ids=project_ids,
        lease_seconds=desk.lease_seconds,
        now=desk.clock(),
    )


async def list_history(
    desk: LockDesk, project_id: ProjectId, *, cursor: str | None = None, limit: int = HISTORY_LIMIT
) -> HistoryPage:
    """Return what happened to a project's lock, newest first. Raises `BadUsage` for a cursor that is none."""
    return await list_history_of(desk.pool, desk.tenant_id, project_id, cursor=cursor, limit=limit)


async def list_history_of(
    pool: Pool, tenant_id: TenantId, project_id: ProjectId, *, cursor: str | None, limit: int
) -> HistoryPage:
    """Return the same for who only looks."""
    before = _open_cursor(cursor) if cursor else None
    with explaining_outage():
        async with reading(pool, tenant_id) as connection:
            found = await lock_events.list_lock_events(connection, project_id, before=before, limit=limit + 1)
    events = found[:limit]
    return HistoryPage(events, _make_cursor(events[-1]) if len(found) > limit else None)


@asynccontextmanager
async def _changing(desk: LockDesk) -> AsyncIterator[Connection]:
    with explaining_outage():
        async with writing(desk.pool, desk.tenant_id) as connection:
            if desk.request_id is not None:
                await name_request(connection, desk.request_id)
            yield connection


async def _show(desk: LockDesk, project_id: ProjectId) -> LockState:
    """Tell Redis what was changed; if it is away, a daemon does when it is back."""
    with explaining_outage():
        async with reading(desk.pool, desk.tenant_id) as connection:
            lease = await get_lease(connection, project_id)
    if lease is not None:
        with suppress(SyncdError):
            await show_in_redis(desk.locks, project_id, lease)
    return await get_lock(desk, project_id)


def _make_cursor(event: LockEvent) -> str:
    return make_open_cursor(f"{event.at.isoformat()} {event.event_id}".encode())


def _open_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, event_id = read_open_cursor(cursor).decode().split(" ")
        return datetime.fromisoformat(at), UUID(event_id)
    except ValueError as error:
        raise make_foreign_cursor_error() from error
