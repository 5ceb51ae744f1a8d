"""Holding a project: Redis says nobody else works on it, Postgres makes sure."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from syncd.adapters.beside import beside
from syncd.adapters.metrics import Metrics
from syncd.adapters.postgres.connections import LeaseLost, Pool
from syncd.adapters.postgres.freezes import make_frozen_error
from syncd.adapters.postgres.leases import get_lease, mint_fence, release_fence
from syncd.adapters.postgres.lock_events import add_lock_event
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.queue import list_queued
from syncd.adapters.postgres.transactions import in_project
from syncd.adapters.redis.locks import ProjectLocks
from syncd.core.ids import ProjectId, TenantId
from syncd.core.locks import Holder, Lock
from syncd.errors import Busy, Unreachable

log = logging.getLogger("syncd.locks")

TRUST_MARGIN_SECONDS = 2.0
BUSY_RETRY_SECONDS = 5.0
CUT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Locking:
    """What holding a project takes."""

    pool: Pool
    locks: ProjectLocks
    locked_by: str
    lease_seconds: float
    metrics: Metrics = field(default_factory=Metrics)


@asynccontextmanager
async def holding(
    locking: Locking, tenant_id: TenantId, project_id: ProjectId, *, reason: str, kind: str = "sync"
) -> AsyncIterator[Lock]:
    """Hold the lock of a project for the body; the body is cancelled as soon as the lease can no longer be trusted.

    Raises `Busy` when somebody holds it or froze it, `Unreachable` when Redis does not answer, `LeaseLost` when it was lost.
    """
    nonce = uuid4()
    try:
        await _acquire(locking, tenant_id, project_id, nonce, reason=reason, kind=kind)
        lock = await _mint(locking, tenant_id, project_id, nonce)
        lost = False
        try:
            # Minting may have waited for a write of the holder before: is the lease still ours?
            trusted_until = await _confirm(locking, lock)
            async with beside(_keep(locking, lock, trusted_until)):
                yield lock
        except LeaseLost as error:
            lost = True
            # The database's refusal has the statement that was refused behind it.
            locking.metrics.count_lost(by_fence=error.__cause__ is not None)
            raise
        finally:
            locking.metrics.count_lock_end(nonce)
            await asyncio.shield(_give_back(locking, lock, lost=lost))
    finally:
        await asyncio.shield(_release(locking, project_id, nonce))


async def _acquire(
    locking: Locking, tenant_id: TenantId, project_id: ProjectId, nonce: UUID, *, reason: str, kind: str
) -> None:
    """Take the lease in Redis. Raises `Busy` with who has it, and since Postgres decides, not for a freeze that has been lifted."""
    refused = await locking.locks.acquire(project_id, nonce, reason=reason, kind=kind)
    if refused is not None and refused.holder.kind == "freeze":
        async with in_project(locking.pool, tenant_id, project_id) as connection:
            lease = await get_lease(connection, project_id)
        if lease is None or lease.is_frozen:
            raise make_frozen_error(lease)
        await locking.locks.show_freeze(project_id, lease)
        refused = await locking.locks.acquire(project_id, nonce, reason=reason, kind=kind)
    if refused is not None:
        if refused.clamped:
            async with in_project(locking.pool, tenant_id, project_id) as connection:
                holder = refused.holder.locked_by
                await add_lock_event(connection, project_id, "clamp", actor=locking.locked_by, previous_holder=holder)
        raise _make_locked_error(refused.holder, locking.lease_seconds)


def _make_locked_error(holder: Holder, lease_seconds: float) -> Busy:
    until = f" until {holder.expires_at:%H:%M:%S} UTC" if holder.expires_at else ""
    return Busy(
        "project_locked",
        f"The project is held by {holder.locked_by} ({holder.reason}){until}.",
        hint="It is tried again by itself.",
        # No later than the end of the lease: its holder may be dead.
        after_seconds=min(BUSY_RETRY_SECONDS, lease_seconds),
    )


async def _mint(locking: Locking, tenant_id: TenantId, project_id: ProjectId, nonce: UUID) -> Lock:
    async with in_project(locking.pool, tenant_id, project_id) as connection:
        minted = await mint_fence(connection, project_id, nonce, locking.locked_by)
        if minted is None:
            raise make_frozen_error(await get_lease(connection, project_id))
        await add_lock_event(
            connection,
            project_id,
            "expire_takeover" if minted.previous_holder else "acquire",
            actor=locking.locked_by,
            fence=minted.fence,
            previous_holder=minted.previous_holder,
        )
    locking.metrics.count_lock(nonce, taken_over=minted.previous_holder is not None)
    return Lock(tenant_id, project_id, minted.fence, nonce)


async def _confirm(locking: Locking, lock: Lock) -> float:
    """Tell Redis the fence; return until when the lease can be trusted. Raises `LeaseLost` when it is another's by now.

    Trust begins when the question was asked, on our own clock: neither Redis's clock nor a slow answer can extend it.
    """
    asked_at = asyncio.get_running_loop().time()
    if not await locking.locks.renew(lock.project_id, lock.nonce, fence=lock.fence):
        raise _make_lease_lost()
    return asked_at + locking.lease_seconds - min(TRUST_MARGIN_SECONDS, locking.lease_seconds / 10)


async def _keep(locking: Locking, lock: Lock, trusted_until: float) -> None:
    """Renew the lease for ever. A loss ends the body politely; what does not end within a second is cut off."""
    try:
        await _renew(locking, lock, trusted_until)
    except LeaseLost:
        # A cancelled statement is ended by the server, if the server can be reached: a connection that is dead would hold us up for minutes.
        asyncio.get_running_loop().call_later(CUT_SECONDS, lock.cuts.make)
        raise


async def _renew(locking: Locking, lock: Lock, trusted_until: float) -> None:
    """Renew three times a lease; raise `LeaseLost` when it is gone or has not been confirmed for too long."""
    loop = asyncio.get_running_loop()
    while True:
        pause = locking.lease_seconds / 3 * random.uniform(0.9, 1.1)  # noqa: S311 - jitter is no secret
        await asyncio.sleep(min(pause, max(0.0, trusted_until - loop.time())))
        # No answer is no refusal: the lease stands until the time that we can trust runs out.
        with suppress(Unreachable, TimeoutError):
            async with asyncio.timeout_at(trusted_until):
                trusted_until = await _confirm(locking, lock)
        if loop.time() >= trusted_until:
            raise _make_lease_lost()


def _make_lease_lost() -> LeaseLost:
    return LeaseLost(
        "lease_lost",
        "The lock of the project was lost while it was synced; nothing of the commit was published.",
        hint="The project is tried again by itself.",
        after_seconds=BUSY_RETRY_SECONDS,
    )


async def _give_back(locking: Locking, lock: Lock, *, lost: bool) -> None:
    """End our right to write, and remember how: given back, or lost before."""
    try:
        with explaining_outage():
            async with in_project(locking.pool, lock.tenant_id, lock.project_id) as connection:
                kept = await release_fence(connection, lock)
                if not kept and await get_lease(connection, lock.project_id) is None:
                    return  # the project was removed under this lock, and its history with it
                action = "release" if kept and not lost else "renew_lost"
                await add_lock_event(connection, lock.project_id, action, actor=locking.locked_by, fence=lock.fence)
    except Unreachable as error:
        # The next holder's fence ends ours, and its event says that it took over.
        log.warning("lock not given back", extra={"project_id": str(lock.project_id), "code": error.code})


async def _release(locking: Locking, project_id: ProjectId, nonce: UUID) -> None:
    with suppress(Unreachable):  # the lease ends by itself
        await locking.locks.release(project_id, nonce)


async def clear_leases(pool: Pool, locks: ProjectLocks) -> None:
    """Remove the leases that a killed run left: for `up`, which owns its Redis and has just started it. The fence stands."""
    async with pool.acquire() as connection:
        for project_id in await list_queued(connection):
            await locks.clear(project_id)
