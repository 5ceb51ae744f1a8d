"""A page of a real Chromium, over a tenant's mirror. The browser is started once: all of it runs in the loop of the session."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from tests.browser.chromium import find_chromium, open_browser, open_page
from tests.browser.serving import Served, serving
from tests.databases import Database
from tests.mirror import Mirror, open_mirror


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("CHROMIUM IS NOT INSTALLED (apt-get install chromium): THE STATUS PAGE IS NOT TESTED")
    async with async_playwright() as playwright, open_browser(playwright, program) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    async with open_page(browser) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def mirror(database: Database, redis_server: RedisServer) -> AsyncIterator[Mirror]:
    async with open_mirror(database, redis_server) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def redis(redis_server: RedisServer) -> AsyncIterator[RedisClient]:
    async with open_redis_client(redis_server.url) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def served(mirror: Mirror, redis: RedisClient, database: Database) -> AsyncIterator[Served]:
    async with serving(mirror, redis, database) as opened:
        yield opened
