"""The endpoint over a tenant's mirror, and two tenants that share one."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import RedisClient
from tests.databases import make_database
from tests.mirror import Mirror
from tests.web.sites import Client, make_test_site, open_client
from tests.web.tenants import Parties, open_parties


@pytest_asyncio.fixture
async def client(mirror: Mirror, redis: RedisClient) -> AsyncIterator[Client]:
    async with open_client(make_test_site(mirror.web_pool, redis)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def parties(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Parties]:
    """Two tenants that the tests of a module share: each leaves projects, keys and users of its own."""
    async with (
        make_database(postgres, template) as database,
        open_parties(database, redis_server, tmp_path_factory.mktemp("parties")) as opened,
    ):
        yield opened
