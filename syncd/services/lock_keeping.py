"""Makes Redis show what Postgres says of locks: at once after every change, and again when Redis has forgotten."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from syncd.adapters.postgres.freezes import LockDuty, end_freeze, list_lock_duties, mark_shown
from syncd.adapters.postgres.leases import get_lease
from syncd.adapters.postgres.lock_events import add_lock_event
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.transactions import in_project
from syncd.adapters.redis.locks import RedisClient
from syncd.adapters.redis.policy import RIGHT_POLICY, find_wrong_policy
from syncd.errors import SyncdError
from syncd.services.lock_states import show_in_redis
from syncd.services.locking import Locking

log = logging.getLogger("syncd.locks")

KEEP_SECONDS = 5.0
SHORTEST_PAUSE_SECONDS = 0.05


async def run_lock_keeper(locking: Locking, *, wake: asyncio.Event, clock: Callable[[], datetime]) -> None:
    """Keep Redis true until cancelled: whenever *wake* is set, when a freeze ends, and every five seconds."""
    trouble: str | None = None
    while True:
        wake.clear()
        pause, error = KEEP_SECONDS, None
        try:
            pause = await keep_locks(locking, now=clock())
        except SyncdError as known:
            error = known.code
        except Exception:
            log.exception("the keeper of locks failed")
            error = "internal_error"
        if error != trouble:  # once when it begins, once when it is over
            log.warning("locks are not kept" if error else "locks are kept again", extra={"code": error or trouble})
        trouble = error
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await wake.wait()


async def warn_of_eviction(redis: RedisClient) -> None:
    """Say at the start when Redis throws locks away as soon as its memory is full. Also `/status` says so, at any time."""
    with suppress(SyncdError):  # a Redis that is away is said elsewhere
        if policy := await find_wrong_policy(redis):
            log.warning("redis_evicts", extra={"maxmemory_policy": policy, "right_policy": RIGHT_POLICY})


async def keep_locks(locking: Locking, *, now: datetime) -> float:
    """End freezes whose time has passed, show in Redis what it does not show; return the seconds until the next look."""
    with explaining_outage():
        duties = await _list_duties(locking)
        over = [duty for duty in duties if duty.freeze_until is not None and duty.freeze_until < now]
        for duty in over:
            async with in_project(locking.pool, duty.tenant_id, duty.project_id) as connection:
                await end_freeze(connection, duty.project_id, locking.locked_by)
        if over:
            duties = await _list_duties(locking)
        for duty in await _find_unshown(locking, duties):
            await _show(locking, duty)
    ends = [(duty.freeze_until - now).total_seconds() for duty in duties if duty.freeze_until is not None]
    return max(SHORTEST_PAUSE_SECONDS, min([KEEP_SECONDS, *ends]))


async def _list_duties(locking: Locking) -> Sequence[LockDuty]:
    async with locking.pool.acquire() as connection:
        return await list_lock_duties(connection)


async def _find_unshown(locking: Locking, duties: Sequence[LockDuty]) -> Sequence[LockDuty]:
    freezes = {duty.project_id: duty.freeze_id for duty in duties if duty.freeze_id is not None}
    unshown = set(await locking.locks.list_unshown(freezes)) if freezes else set()
    return [duty for duty in duties if duty.redis_due is not None or duty.project_id in unshown]


async def _show(locking: Locking, duty: LockDuty) -> None:
    """Tell Redis of one project. A freeze that Redis was told of before, and does not show, was forgotten by it."""
    async with in_project(locking.pool, duty.tenant_id, duty.project_id) as connection:
        lease = await get_lease(connection, duty.project_id)
    if lease is None:
        return  # removed since
    changed = await show_in_redis(locking.locks, duty.project_id, lease)
    async with in_project(locking.pool, duty.tenant_id, duty.project_id) as connection:
        if duty.redis_due is not None:
            await mark_shown(connection, duty)
        elif changed:
            log.warning("redis_rebuilt", extra={"project_id": str(duty.project_id)})
            await add_lock_event(
                connection,
                duty.project_id,
                "redis_rebuilt",
                actor=locking.locked_by,
                reason="Redis had forgotten the freeze.",
                fence=lease.fence,
            )
