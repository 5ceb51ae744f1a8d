"""Holding a project: Redis says nobody else works on it, Postgres makes sure."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID, uuid4

from syncd.adapters.postgres.connections import LeaseLost, Pool
from syncd.adapters.postgres.leases import Freeze, add_lock_event, get_freeze, mint_fence
from syncd.adapters.postgres.queue import list_queued
from syncd.adapters.postgres.transactions import in_project
from syncd.adapters.redis.locks import ProjectLocks
from syncd.core.ids import ProjectId, TenantId
from syncd.core.locks import Lock
from syncd.errors import Busy, Unreachable
from syncd.services.beside import beside

TRUST_MARGIN_SECONDS = 2.0
BUSY_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Locking:
    """What holding a project takes."""

    pool: Pool
    locks: ProjectLocks
    locked_by: str
    lease_seconds: float


@asynccontextmanager
async def holding(
    locking: Locking, tenant_id: TenantId, project_id: ProjectId, *, reason: str, kind: str = "sync"
) -> AsyncIterator[Lock]:
    """Hold the lock of a project for the body; the body is cancelled as soon as the lease can no longer be trusted.

    Raises `Busy` when somebody holds it or froze it, `Unreachable` when Redis does not answer, `LeaseLost` when it was lost.
    """
    nonce = uuid4()
    # Trust begins when the question was asked, on our own clock: neither Redis's clock nor a slow answer can extend it.
    asked_at = asyncio.get_running_loop().time()
    refused = await locking.locks.acquire(project_id, nonce, reason=reason, kind=kind)
    if refused is not None:
        holder = refused.holder
        raise Busy(
            "project_locked",
            f"The project is held by {holder.locked_by} ({holder.reason}) until {holder.expires_at:%H:%M:%S} UTC.",
            hint="It is tried again by itself.",
            # A holder that died is gone after one lease.
            after_seconds=min(BUSY_RETRY_SECONDS, locking.lease_seconds),
        )
    try:
        lock = await _mint(locking, tenant_id, project_id, nonce)
        async with beside(_renew(locking, lock, asked_at)):
            yield lock
    finally:
        await _release(locking, project_id, nonce)


async def _mint(locking: Locking, tenant_id: TenantId, project_id: ProjectId, nonce: UUID) -> Lock:
    async with in_project(locking.pool, tenant_id, project_id) as connection:
        fence = await mint_fence(connection, project_id, nonce, locking.locked_by)
        if fence is not None:
            await add_lock_event(connection, project_id, "acquire", actor=locking.locked_by, fence=fence)
            return Lock(tenant_id, project_id, fence, nonce)
        freeze = await get_freeze(connection, project_id)
    raise make_frozen_error(freeze)


def make_frozen_error(freeze: Freeze | None) -> Busy:
    """Return the error that says who froze a project and why."""
    who, why = (freeze.frozen_by, freeze.freeze_reason) if freeze else ("somebody", "no reason given")
    return Busy(
        "project_frozen", f"The project was frozen by {who}: {why}.", hint="It syncs again when it is unfrozen."
    )


async def _renew(locking: Locking, lock: Lock, asked_at: float) -> None:
    """Renew three times a lease; raise `LeaseLost` when it is gone or has not been confirmed for too long."""
    loop = asyncio.get_running_loop()
    margin = min(TRUST_MARGIN_SECONDS, locking.lease_seconds / 10)
    trusted_until = asked_at + locking.lease_seconds - margin
    while True:
        pause = locking.lease_seconds / 3 * random.uniform(0.9, 1.1)  # noqa: S311 - jitter is no secret
        await asyncio.sleep(min(pause, max(0.0, trusted_until - loop.time())))
        asked_at = loop.time()
        # No answer is no refusal: the lease stands until the time that we can trust runs out.
        renewed: bool | None = None
        with suppress(Unreachable, TimeoutError):
            async with asyncio.timeout_at(trusted_until):
                renewed = await locking.locks.renew(lock.project_id, lock.nonce, fence=lock.fence)
        if renewed:
            trusted_until = asked_at + locking.lease_seconds - margin
        elif renewed is False or loop.time() >= trusted_until:
            raise LeaseLost(
                "lease_lost",
                "The lock of the project was lost while it was synced; nothing of the commit was published.",
                hint="The project is tried again by itself.",
                after_seconds=BUSY_RETRY_SECONDS,
            )


async def _release(locking: Locking, project_id: ProjectId, nonce: UUID) -> None:
    try:
        await asyncio.shield(locking.locks.release(project_id, nonce))
    except Unreachable:
        return  # the lease ends by itself


async def clear_leases(pool: Pool, locks: ProjectLocks) -> None:
    """Remove the leases that a killed run left: for `up`, which owns its Redis and has just started it. The fence stands."""
    async with pool.acquire() as connection:
        for project_id in await list_queued(connection):
            await locks.clear(project_id)
