"""Where GitHub sends people back to: the state decides, and nothing of it is written down."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from syncd.adapters.encryption import make_master_key, parse_key_ring
from syncd.adapters.github.app import open_github_app
from syncd.adapters.github.app_key import load_app_key
from syncd.adapters.postgres.installations import list_installations
from syncd.adapters.postgres.transactions import reading
from syncd.adapters.redis.locks import RedisClient
from syncd.services.connecting import Connecting, make_setup_link
from tests.fakegithub.app_keys import make_app_keys
from tests.fakegithub.server import open_fake_github
from tests.loop import Clock
from tests.mirror import Mirror
from tests.web.sites import Client, make_test_site, open_client

PRIVATE, PUBLIC = make_app_keys()


@pytest_asyncio.fixture
async def connecting(mirror: Mirror) -> AsyncIterator[tuple[Connecting, int]]:
    async with open_fake_github() as fake:
        hosted = fake.add_app(PUBLIC)
        async with open_github_app(api_url=fake.url, key=load_app_key(hosted.number, PRIVATE)) as app:
            key_ring = parse_key_ring(f"k1:{make_master_key()}")
            yield Connecting(mirror.web_pool, app, key_ring, Clock()), hosted.install("acme", []).number


async def ask(client: Client, **query: str) -> tuple[int, str]:
    async with client.session.get(f"{client.url}/github/setup?{urlencode(query)}") as response:
        return response.status, await response.text()


async def test_who_comes_back_with_a_state_connects_the_account(
    mirror: Mirror, redis: RedisClient, connecting: tuple[Connecting, int], caplog: pytest.LogCaptureFixture
) -> None:
    parts, number = connecting
    link = await make_setup_link(parts, mirror.tenant_id, "acme")
    state = link.url.partition("state=")[2]
    site = replace(make_test_site(mirror.web_pool, redis), connecting=parts)
    with caplog.at_level(logging.DEBUG):
        async with open_client(site) as client:
            status, text = await ask(client, installation_id=str(number), setup_action="install", state=state)
            assert status == 200
            assert "acme is connected" in text
            assert (await ask(client, installation_id=str(number), state=state))[0] == 400
            fresh = (await make_setup_link(parts, mirror.tenant_id, "acme")).url.partition("state=")[2]
            assert (await ask(client, installation_id="1", state=fresh))[0] == 404
            assert (await ask(client, setup_action="request", state=fresh))[0] == 400
            assert (await ask(client, installation_id="9" * 19, state=fresh))[0] == 400
    async with reading(mirror.web_pool, mirror.tenant_id) as connection:
        bound = await list_installations(connection, mirror.tenant_id)
    assert [one.installation_id for one in bound] == [number]
    assert state not in caplog.text


async def test_without_an_app_nothing_is_connected(mirror: Mirror, redis: RedisClient) -> None:
    async with open_client(make_test_site(mirror.web_pool, redis)) as client:
        status, text = await ask(client, installation_id="1", state="x")
    assert status == 503
    assert "SYNCD_GITHUB_APP_ID" in text
