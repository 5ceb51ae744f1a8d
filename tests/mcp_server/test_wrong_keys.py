"""Whoever shows wrong keys again and again waits; others, and those whose key was good, do not."""

import secrets
from contextlib import suppress

import pytest

from mcp_server.limits import Overloaded, WrongKeys
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.allowances import SharedAllowances
from syncd.adapters.redis.locks import open_redis_client
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


async def test_replicas_count_the_wrong_keys_of_an_address_together(world: World, redis_server: RedisServer) -> None:
    address = ".".join(str(part) for part in secrets.token_bytes(4))
    headers = {"X-Forwarded-For": f"{address}, 127.0.0.2"}
    chosen = {"redis_url": redis_server.url, "mcp_wrong_keys_per_minute": 4, "trusted_proxies": "127.0.0.0/8"}
    async with (
        serving(world.database.read_url, **chosen) as one,
        serving(world.database.read_url, **chosen) as two,
    ):
        shown = [(await post(origin, guess(), PING, headers=headers))[0] for origin in (one, two) * 4]
        assert (await post(one, guess(), PING, headers={"X-Forwarded-For": "192.0.2.7, 127.0.0.2"}))[0] == 401
    # The fourth is the last: who hears of it is told to wait at once, the other after one more.
    assert shown == [401, 401, 401, 401, 401, 429, 429, 429]


async def test_however_many_replicas_there_are_hardly_more_guesses_are_looked_up(redis_server: RedisServer) -> None:
    now, address = [1_800_000_000.0], secrets.token_hex(8)
    async with open_redis_client(redis_server.url) as redis:
        shared = SharedAllowances(redis, clock=lambda: now[0])
        replicas = [WrongKeys(30, shared, monotonic=lambda: now[0]) for _ in range(8)]
        looked_up = 0
        for _ in range(300):
            now[0] += 2.0
            for replica in replicas:
                with suppress(Overloaded):
                    replica.require_patience(address)
                    looked_up += 1
                    await replica.note(address)
    # Ten minutes of 30, and 30 at once: each replica for itself would look up 8 times as many.
    assert looked_up < 500


async def test_without_redis_each_replica_counts_alone_and_nobody_waits_for_it(closed_port: int) -> None:
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}") as redis:
        wrong_keys = WrongKeys(1, SharedAllowances(redis), monotonic=lambda: 0.0)
        await wrong_keys.note("a")
        with pytest.raises(Overloaded):
            wrong_keys.require_patience("a")


async def test_patience_comes_back_with_time_and_is_each_sites_own() -> None:
    now = 0.0
    wrong_keys = WrongKeys(2, None, monotonic=lambda: now)
    for _ in range(2):
        wrong_keys.require_patience("a")
        await wrong_keys.note("a")
    with pytest.raises(Overloaded) as refused:
        wrong_keys.require_patience("a")
    wrong_keys.require_patience("b")
    now = refused.value.after_seconds
    wrong_keys.require_patience("a")
