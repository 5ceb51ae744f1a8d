"""Two tenants and the endpoint over them: shared by the tests of a module, or of one test that may do anything to them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from tests.databases import make_database
from tests.web.sites import Client, make_test_site, open_client
from tests.web.tenants import Parties, Party, open_parties


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def redis(redis_server: RedisServer) -> AsyncIterator[RedisClient]:
    async with open_redis_client(redis_server.url) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def fresh(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path: Path
) -> AsyncIterator[Parties]:
    """Two tenants of one test, which may do anything to them."""
    async with (
        make_database(postgres, template) as database,
        open_parties(database, redis_server, tmp_path) as opened,
    ):
        yield opened


@pytest.fixture
def ours(parties: Parties) -> Party:
    return parties.ours


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(parties: Parties, redis: RedisClient) -> AsyncIterator[Client]:
    async with open_client(make_test_site(parties.ours.mirror.web_pool, redis)) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def fresh_client(fresh: Parties, redis: RedisClient) -> AsyncIterator[Client]:
    async with open_client(make_test_site(fresh.ours.mirror.web_pool, redis)) as opened:
        yield opened
