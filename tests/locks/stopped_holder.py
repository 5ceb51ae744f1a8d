"""A process that holds projects and writes to them until it is refused: to be stopped in the middle. `python -m` with one JSON argument."""

import asyncio
import json
import sys
from uuid import UUID, uuid4

import asyncpg

from syncd.adapters.postgres.connections import LeaseLost, Pool, open_pool
from syncd.adapters.postgres.transactions import fenced
from syncd.adapters.redis.locks import Identity, ProjectLocks, open_redis_client
from syncd.core.ids import ProjectId, TenantId
from syncd.errors import RetryLater
from syncd.services.locking import Locking, holding
from tests.locks.ground import Writer, insert

PAUSE_SECONDS = 0.05


async def hold_all(sync_url: str, redis_url: str, tenant: str, projects: dict[str, bool], lease_seconds: float) -> None:
    """Hold every project; *projects* says of each whether its writer spends its time inside its transactions, or between them."""
    async with open_pool(sync_url, size=len(projects) * 2) as pool, open_redis_client(redis_url) as redis:
        locks = ProjectLocks(redis, Identity("stopped", "host"), lease_seconds=lease_seconds)
        locking = Locking(pool, locks, "stopped", lease_seconds)
        holders = (
            _hold(locking, TenantId(UUID(tenant)), ProjectId(UUID(name)), inside) for name, inside in projects.items()
        )
        await asyncio.gather(*holders)


async def _hold(locking: Locking, tenant_id: TenantId, project_id: ProjectId, inside: bool) -> None:
    writing: asyncio.Task[int] | None = None
    try:
        async with holding(locking, tenant_id, project_id, reason="to be stopped") as lock:
            writer = Writer(lock, f"stopped {uuid4()}")
            print(json.dumps({"project": str(project_id), "mark": writer.mark, "fence": lock.fence}), flush=True)  # noqa: T201
            writing = asyncio.create_task(_write_until_refused(locking.pool, writer, inside))
            # Cancelled or not: the worst holder does not hear that it has lost, and goes on until it is refused.
            await asyncio.shield(writing)
    except LeaseLost:
        pass
    finally:
        if writing is not None:
            await writing


async def _write_until_refused(pool: Pool, writer: Writer, inside: bool) -> int:
    written = 0
    while True:
        try:
            async with fenced(pool, writer.lock) as connection:
                await insert(connection, writer)
                if inside:
                    await asyncio.sleep(PAUSE_SECONDS)
            written += 1
        except (RetryLater, asyncpg.PostgresError):
            return written  # refused, or its connection was ended meanwhile
        if not inside:
            await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    asyncio.run(hold_all(**json.loads(sys.argv[1])))
