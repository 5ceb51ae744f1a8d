"""Whether this process can do its work: each part is asked, and what is wrong is said."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.migrations import Migration
from syncd.adapters.postgres.outages import check_postgres, check_schema
from syncd.adapters.redis.locks import RedisClient, check_redis
from syncd.errors import SyncdError


async def find_outages(pool: Pool, redis: RedisClient) -> Mapping[str, SyncdError]:
    """Return why `database` or `redis` does not answer; nothing of those that do."""
    database, locks = await asyncio.gather(_find_trouble(check_postgres(pool)), _find_trouble(check_redis(redis)))
    return {name: trouble for name, trouble in (("database", database), ("redis", locks)) if trouble is not None}


async def list_hindrances(pool: Pool, redis: RedisClient, migrations: Sequence[Migration]) -> Sequence[SyncdError]:
    """Return everything that keeps this process from working: Postgres, its schema (one of *migrations* is lacking), Redis."""
    checks = (check_schema(pool, migrations), check_redis(redis))
    return [trouble for trouble in await asyncio.gather(*map(_find_trouble, checks)) if trouble is not None]


async def _find_trouble(check: Awaitable[None]) -> SyncdError | None:
    try:
        await check
    except SyncdError as trouble:
        return trouble
    return None
