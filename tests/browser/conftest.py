"""A page of a real Chromium, over a tenant's mirror."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from tests.browser.chromium import find_chromium, open_page
from tests.browser.serving import Served, serving
from tests.databases import Database
from tests.mirror import Mirror


@pytest_asyncio.fixture
async def page() -> AsyncIterator[Page]:
    program = find_chromium()
    if program is None:
        pytest.skip("CHROMIUM IS NOT INSTALLED (apt-get install chromium): THE STATUS PAGE IS NOT TESTED")
    async with async_playwright() as playwright, open_page(playwright, program) as opened:
        yield opened


@pytest_asyncio.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[RedisClient]:
    async with open_redis_client(redis_server.url) as opened:
        yield opened


@pytest_asyncio.fixture
async def served(mirror: Mirror, redis: RedisClient, database: Database) -> AsyncIterator[Served]:
    async with serving(mirror, redis, database) as opened:
        yield opened
