"""Whoever shows wrong keys again and again waits; others, and those whose key was good, do not."""

import secrets

import pytest

from mcp_server.limits import Overloaded, WrongKeys
from syncd.core.keys import make_key, make_key_id
from tests.mcp_server.agents import post, request
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

PING = request("ping")


def guess() -> str:
    return make_key("test", make_key_id(secrets.token_bytes(16)), secrets.token_bytes(32))


async def test_an_address_that_shows_wrong_keys_is_told_to_wait_and_good_keys_of_it_go_on(world: World) -> None:
    async with serving(world.database.read_url, mcp_wrong_keys_per_minute=3) as origin:
        assert (await post(origin, world.acme.api_key, PING))[0] == 200
        assert [(await post(origin, guess(), PING))[0] for _ in range(3)] == [401, 401, 401]
        status, headers, text = await post(origin, guess(), PING)
        assert (status, int(headers["retry-after"]) > 0) == (429, True)
        assert "too_many_wrong_keys" in text
        # Nobody asks the database for a guess any more, not even whether it is a good one.
        assert (await post(origin, world.globex.api_key, PING))[0] == 429
        assert (await post(origin, world.acme.api_key, PING))[0] == 200
        # Without a key nothing is guessed: a client asks so what it needs to sign in.
        assert (await post(origin, None, PING))[0] == 401


async def test_behind_a_proxy_that_is_trusted_each_client_waits_for_itself(world: World) -> None:
    async with serving(world.database.read_url, mcp_wrong_keys_per_minute=1, trusted_proxies="127.0.0.0/8") as origin:
        here, there = ({"X-Forwarded-For": f"{address}, 127.0.0.2"} for address in ("192.0.2.1", "192.0.2.2"))
        assert (await post(origin, guess(), PING, headers=here))[0] == 401
        assert (await post(origin, guess(), PING, headers=here))[0] == 429
        assert (await post(origin, guess(), PING, headers=there))[0] == 401


async def test_patience_comes_back_with_time_and_is_each_sites_own() -> None:
    now = 0.0
    wrong_keys = WrongKeys(2, monotonic=lambda: now)
    for _ in range(2):
        wrong_keys.require_patience("a")
        wrong_keys.note("a")
    with pytest.raises(Overloaded) as refused:
        wrong_keys.require_patience("a")
    wrong_keys.require_patience("b")
    now = refused.value.after_seconds
    wrong_keys.require_patience("a")
