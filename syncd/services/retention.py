"""Forgets what has been kept long enough, now and then, a bounded batch at a time."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Protocol

from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.deliveries import remove_deliveries
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


async def run_retention(work: Workplace, *, delivery_days: float, request_days: float) -> None:
    """Forget old deliveries, requests and tenants that have ended every hour, for ever; without the database, the next hour does it."""
    while True:
        try:
            await forget_deliveries(work.store.pool, work.clock() - timedelta(days=delivery_days))
            await forget_requests(work.store.pool, work.clock() - timedelta(days=request_days))
            with explaining_outage():
                await remove_ended_tenants(work.store.pool)
        except SyncdError as error:
            log.warning("retention waits", extra={"code": error.code})
        await asyncio.sleep(LOOK_SECONDS)


async def forget_deliveries(pool: Pool, before: datetime) -> int:
    """Remove the deliveries that came before *before*, and return how many those were."""
    return await _forget(pool, before, remove_deliveries)


async def forget_requests(pool: Pool, before: datetime) -> int:
    """Remove the requests of agents that came before *before*, and return how many those were; their sums stay."""
    return await _forget(pool, before, remove_requests)


async def _forget(pool: Pool, before: datetime, remove: _Remove) -> int:
    total = 0
    with explaining_outage():
        while True:
            async with pool.acquire() as connection:
                removed = await remove(connection, before=before, limit=BATCH_ROWS)
            total += removed
            if removed < BATCH_ROWS:
                return total
