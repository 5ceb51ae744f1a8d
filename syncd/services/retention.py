"""Forgets what has been kept long enough, now and then, a bounded batch at a time."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from syncd.adapters.postgres.agent_sessions import KEPT_AFTER_EXPIRY
from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.deliveries import remove_deliveries
from syncd.adapters.postgres.forgetting import ForgottenTable, remove_old
from syncd.adapters.postgres.idempotency import KEPT
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.usage import remove_requests
from syncd.errors import SyncdError
from syncd.services.sync import Workplace
from syncd.services.tenants import remove_ended_tenants

log = logging.getLogger("syncd.daemon")

BATCH_ROWS = 1000
LOOK_SECONDS = 3600.0


class _Remove(Protocol):
    """Removes one batch, and returns how many rows it was."""

    async def __call__(self, connection: Connection, /, *, before: datetime, limit: int) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what people may look back at is kept."""

    deliveries: timedelta
    requests: timedelta
    lock_events: timedelta
    runs: timedelta


async def run_retention(work: Workplace, retention: Retention) -> None:
    """Forget what is old, what has run out and tenants that have ended every hour, for ever; without the database, the next hour does it."""
    while True:
        try:
            await _forget_all(work.store.pool, retention, work.clock())
        except SyncdError as error:
            log.warning("retention waits", extra={"code": error.code})
        await asyncio.sleep(LOOK_SECONDS)


async def _forget_all(pool: Pool, retention: Retention, now: datetime) -> None:
    await forget_deliveries(pool, now - retention.deliveries)
    await forget_requests(pool, now - retention.requests)
    await forget_old(pool, "lock_events", now - retention.lock_events)
    await forget_old(pool, "sync_runs", now - retention.runs)
    await forget_old(pool, "sessions", now)
    await forget_old(pool, "sign_in_links", now)
    await forget_old(pool, "idempotent_requests", now - KEPT)
    await forget_old(pool, "agent_sessions", now - KEPT_AFTER_EXPIRY)
    with explaining_outage():
        await remove_ended_tenants(pool)


async def forget_deliveries(pool: Pool, before: datetime) -> int:
    """Remove the deliveries that came before *before*, and return how many those were."""
    return await _forget(pool, before, remove_deliveries)


async def forget_requests(pool: Pool, before: datetime) -> int:
    """Remove the requests of agents that came before *before*, and return how many those were; their sums stay."""
    return await _forget(pool, before, remove_requests)


async def forget_old(pool: Pool, table: ForgottenTable, before: datetime) -> int:
    """Remove the rows of *table* that were over before *before*, and return how many those were; no run that a revision needs."""
    return await _forget(pool, before, partial(remove_old, table=table))


async def _forget(pool: Pool, before: datetime, remove: _Remove) -> int:
    total = 0
    with explaining_outage():
        while True:
            async with pool.acquire() as connection:
                removed = await remove(connection, before=before, limit=BATCH_ROWS)
            total += removed
            if removed < BATCH_ROWS:
                return total
