"""A tenant's mirror and the endpoint over it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from tests.mirror import Mirror
from tests.web.sites import Client, make_test_site, open_client


@pytest_asyncio.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[RedisClient]:
    async with open_redis_client(redis_server.url) as opened:
        yield opened


@pytest_asyncio.fixture
async def client(mirror: Mirror, redis: RedisClient) -> AsyncIterator[Client]:
    async with open_client(make_test_site(mirror.web_pool, redis)) as opened:
        yield opened
