"""How the lock of each project stands: Postgres decides, Redis shows who works, and what differs is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.leases import list_leases
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.transactions import reading
from syncd.adapters.redis.locks import ProjectLocks, RedisClient, list_holders
from syncd.core.ids import ProjectId, TenantId
from syncd.core.lock_oddities import Oddity, describe_age, find_oddities
from syncd.core.locks import Holder, Lease
from syncd.errors import SyncdError

FREEZE = "freeze"


@dataclass(frozen=True, slots=True)
class LockState:
    """The lock of one project. *holder* is none where nobody holds it, or Redis could not be asked."""

    lease: Lease
    holder: Holder | None = None
    oddities: Sequence[Oddity] = ()


@dataclass(frozen=True, slots=True)
class LockStates:
    """The locks of some projects. *redis_trouble* says why no holder is known."""

    states: Mapping[ProjectId, LockState]
    redis_trouble: SyncdError | None = None


async def list_lock_states(
    pool: Pool,
    redis: RedisClient,
    tenant_id: TenantId,
    *,
    project_ids: Sequence[ProjectId],
    lease_seconds: float,
    now: datetime,
) -> LockStates:
    """Return how the locks of *project_ids* stand. Goes on without Redis: freezes and fences are in Postgres. Raises `Unreachable`."""
    trouble: SyncdError | None = None
    holders: Mapping[ProjectId, Holder] = {}
    try:
        holders = await list_holders(redis, project_ids)
    except SyncdError as error:
        trouble = error
    with explaining_outage():
        async with reading(pool, tenant_id) as connection:
            leases = await list_leases(connection, project_ids)
    if trouble is not None:
        return LockStates({project_id: LockState(lease) for project_id, lease in leases.items()}, trouble)
    states = {}
    for project_id, lease in leases.items():
        holder = holders.get(project_id)
        oddities = find_oddities(lease, holder, lease_seconds=lease_seconds, now=now)
        states[project_id] = LockState(lease, holder, oddities)
    return LockStates(states)


async def show_in_redis(locks: ProjectLocks, project_id: ProjectId, lease: Lease) -> bool:
    """Make Redis show what Postgres says of a freeze, and end a lease that Postgres has ended; true where that changed something."""
    if await locks.show_freeze(project_id, lease):
        return True
    return not lease.is_frozen and lease.holder is None and await locks.force(project_id, fence=lease.fence)


def describe_lock(state: LockState | None, now: datetime) -> dict[str, object]:
    """Return the fields of a lock with the names of the contract (§3); all null where it is free. *heartbeatAge* is in seconds."""
    names = ("lockedBy", "lockedAt", "expiresAt", "lockReason", "lockKind", "lockHost", "fence", "heartbeatAge")
    shown: dict[str, object] = {**dict.fromkeys(names), "lockFlags": []}
    if state is None:
        return shown
    lease, holder = state.lease, state.holder
    if lease.is_frozen:
        shown |= {
            "lockedBy": lease.frozen_by,
            "lockedAt": _format_time(lease.frozen_at),
            "expiresAt": _format_time(lease.freeze_until),
            "lockReason": lease.freeze_reason,
            "lockKind": FREEZE,
            "fence": lease.fence,
        }
    elif holder is not None and holder.kind != FREEZE:
        shown |= {
            "lockedBy": holder.locked_by,
            "lockedAt": _format_time(holder.locked_at),
            "expiresAt": _format_time(holder.expires_at),
            "lockReason": holder.reason,
            "lockKind": holder.kind,
            "lockHost": holder.host,
            "fence": holder.fence,
            "heartbeatAge": describe_age(holder.heartbeat_at, now),
        }
    elif lease.holder is not None:  # the lease in Redis has ended, or Redis cannot be asked
        shown |= {"lockedBy": lease.holder, "lockedAt": _format_time(lease.acquired_at), "fence": lease.fence}
    return shown | {"lockFlags": [{"code": oddity.code, "message": oddity.message} for oddity in state.oddities]}


def _format_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
