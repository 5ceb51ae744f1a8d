"""What people do to a lock, each one definer function; and what of it the daemon has to tell Redis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.leases import explaining_wait, get_lease
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId, TenantId
from syncd.core.locks import Actor, Lease
from syncd.errors import Busy, NotFound, Rejected

_FREEZE_PROJECT = load_statement("leases/freeze_project")
_UNFREEZE_PROJECT = load_statement("leases/unfreeze_project")
_FORCE_RELEASE = load_statement("leases/force_release")
_END_FREEZE = load_statement("leases/end_freeze")
_LIST_LOCK_DUTIES = load_statement("leases/list_lock_duties")
_MARK_SHOWN = load_statement("leases/mark_shown")
_WAIT_FOR_HOLDER = load_statement("context/wait_for_holder")


@dataclass(frozen=True, slots=True)
class LockDuty:
    """A project of which Redis must show something. *redis_due*: names a change that it was not told of yet."""

    tenant_id: TenantId
    project_id: ProjectId
    freeze_id: UUID | None
    freeze_until: datetime | None
    redis_due: UUID | None


async def wait_for_holder(connection: Connection) -> None:
    """Let this transaction of a reader wait for a write that is under way: readers' own limits are shorter than a publication."""
    await connection.execute(_WAIT_FOR_HOLDER)


async def freeze_project(
    connection: Connection, project_id: ProjectId, actor: Actor, *, reason: str, until: datetime | None
) -> None:
    """Freeze a project. Raises `Busy` when another froze it, or while its holder writes; `NotFound`."""
    with explaining_wait():
        outcome = await connection.fetchval(_FREEZE_PROJECT, project_id, actor.name, reason, until, actor.is_admin)
    await _check(connection, project_id, outcome)


async def unfreeze_project(connection: Connection, project_id: ProjectId, actor: Actor) -> None:
    """Lift a freeze, if one stands. Raises `Busy` when another froze it, or while its holder writes; `NotFound`."""
    with explaining_wait():
        outcome = await connection.fetchval(_UNFREEZE_PROJECT, project_id, actor.name, actor.is_admin)
    await _check(connection, project_id, outcome)


async def force_release(
    connection: Connection, project_id: ProjectId, actor: Actor, *, reason: str, expected_fence: int
) -> None:
    """End the lease of the holder with *expected_fence*.

    Raises `Rejected` when the fence is another by now, `Busy` when the project is frozen, or while its holder writes; `NotFound`.
    """
    with explaining_wait():
        outcome = await connection.fetchval(_FORCE_RELEASE, project_id, actor.name, reason, expected_fence)
    await _check(connection, project_id, outcome)


async def _check(connection: Connection, project_id: ProjectId, outcome: str | None) -> None:
    """Raise what *outcome* of a definer function means."""
    lease = await get_lease(connection, project_id)
    if outcome is None or lease is None:
        raise NotFound("project_not_found", "The project is gone.", hint="`syncd project list` shows the projects.")
    match outcome:
        case "refused":
            raise Busy(
                "freeze_not_yours",
                f"The project was frozen by {lease.frozen_by}: {lease.freeze_reason}.",
                hint=f"Only {lease.frozen_by} or an admin lifts or changes this freeze.",
            )
        case "changed":
            raise Rejected(
                "fence_changed",
                f"The fence of the project is {lease.fence} by now: somebody else holds the lock; nothing was changed.",
                hint="Look at the lock again, and name its fence if it is still to be released.",
            )
        case "frozen":
            raise make_frozen_error(lease)


def make_frozen_error(lease: Lease | None) -> Busy:
    """Return the error that says who froze a project and why."""
    who, why = (lease.frozen_by, lease.freeze_reason) if lease and lease.is_frozen else ("somebody", "no reason given")
    return Busy(
        "project_frozen", f"The project was frozen by {who}: {why}.", hint="It syncs again when it is unfrozen."
    )


async def end_freeze(connection: Connection, project_id: ProjectId, actor: str) -> bool:
    """Take away a freeze whose time has passed; false when there is none."""
    return bool(await connection.fetchval(_END_FREEZE, project_id, actor))


async def list_lock_duties(connection: Connection) -> Sequence[LockDuty]:
    """Return every freeze and every change that Redis must show, of all tenants."""
    return [LockDuty(**row) for row in await connection.fetch(_LIST_LOCK_DUTIES)]


async def mark_shown(connection: Connection, duty: LockDuty) -> None:
    """Note that Redis shows what *duty* asked for."""
    await connection.execute(_MARK_SHOWN, duty.project_id, duty.redis_due)
