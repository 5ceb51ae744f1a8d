"""Limits: who asks too fast or too much at once is told when to come back, over HTTP and in the protocol; nobody else notices."""

import asyncio
import json
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from mcp.shared.exceptions import MCPError

from mcp_server import limits
from mcp_server.admission import RETRY_LATER
from mcp_server.limits import Overloaded, Pace, Places
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.allowances import SharedAllowances
from syncd.adapters.redis.locks import open_redis_client
from syncd.core.allowances import Allowance
from tests.mcp_server.agents import MODERN, open_agent, post, post_modern, request, text_of
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")
CALL = request("tools/call", name="docs_projects", arguments={})
SLOW = {"mcp_calls_per_minute": 1, "mcp_burst_calls": 4}


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def test_a_key_that_asks_too_fast_is_told_when_to_come_back(world: World) -> None:
    async with serving(world.database.read_url, **SLOW) as origin:
        answers = [await post(origin, world.acme.api_key, CALL) for _ in range(5)]
        other = await post(origin, world.globex.api_key, CALL)

    assert [status for status, _, _ in answers] == [200, 200, 200, 200, 429]
    _, headers, text = answers[-1]
    assert 55 <= int(headers["retry-after"]) <= 60
    error = json.loads(text)["error"]
    assert error["code"] == RETRY_LATER
    assert error["data"] == {"code": "rate_limited", "retryAfterSeconds": int(headers["retry-after"])}
    assert "faster than it may" in error["message"]
    assert other[0] == 200


async def test_a_search_costs_more_than_a_read_and_connecting_costs_nothing(world: World) -> None:
    async with serving(world.database.read_url, **SLOW) as origin:
        for _ in range(6):
            assert (await post(origin, world.acme.api_key, request("ping")))[0] == 200
        search = request("tools/call", name="docs_search", arguments={"query": "port"})
        assert (await post(origin, world.acme.api_key, search))[0] == 200
        assert (await post(origin, world.acme.api_key, search))[0] == 429
        assert (await post(origin, world.acme.api_key, CALL))[0] == 200


@pytest.mark.parametrize("mode", ["legacy", MODERN])
async def test_the_sdks_client_reads_the_refusal_in_every_era(world: World, mode: str) -> None:
    async with (
        serving(world.database.read_url, mcp_calls_per_minute=1, mcp_burst_calls=6) as origin,
        open_agent(origin, world.acme.api_key, mode=mode) as client,
    ):
        refused = None
        answered = 0
        while refused is None and answered <= 6:
            try:
                assert "guide" in text_of(await client.call_tool("docs_projects", {}))
                answered += 1
            except MCPError as error:
                refused = error
    assert answered >= 4  # the client lists the tools too
    assert refused is not None
    assert (refused.code, refused.data["code"]) == (RETRY_LATER, "rate_limited")


async def test_the_refusal_of_a_request_that_may_stream_has_its_status_too(world: World) -> None:
    async with serving(world.database.read_url, mcp_calls_per_minute=1, mcp_burst_calls=1) as origin:
        statuses = []
        for _ in range(2):
            meta = {"progressToken": 1}
            status, _ = await post_modern(
                origin, world.acme.api_key, "tools/call", name="docs_projects", arguments={}, meta=meta
            )
            statuses.append(status)
    assert statuses == [200, 429]


async def test_replicas_count_together_through_redis(world: World, redis_server: RedisServer) -> None:
    key, _ = await world.acme.make_key()
    async with AsyncExitStack() as stack:
        origins = [
            await stack.enter_async_context(serving(world.database.read_url, redis_url=redis_server.url, **SLOW))
            for _ in range(2)
        ]
        statuses = [(await post(origins[turn % 2], key, CALL))[0] for turn in range(6)]
    assert statuses == [200, 200, 200, 200, 429, 429]


async def test_without_redis_each_replica_counts_alone_and_nobody_waits_for_it(world: World, closed_port: int) -> None:
    clock = Clock()
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}") as redis:
        pace = Pace(Allowance(1.0, 2), SharedAllowances(redis), monotonic=clock)
        await pace.spend("a", units=2)
        with pytest.raises(Overloaded) as refused:
            await pace.spend("a", units=1)
        assert refused.value.after_seconds == 1.0
        clock.seconds = 1.0
        await pace.spend("a", units=1)
        await pace.spend("b", units=2)


async def test_redis_that_is_back_counts_again(redis_server: RedisServer, closed_port: int, world: World) -> None:
    clock, name = Clock(), world.acme.key_id
    async with (
        open_redis_client(redis_server.url) as there,
        open_redis_client(f"redis://127.0.0.1:{closed_port}") as gone,
    ):
        shared = SharedAllowances(gone)
        pace = Pace(Allowance(0.001, 2), shared, monotonic=clock)
        await pace.spend(name, units=2)
        pace._shared.allowances = SharedAllowances(there)
        with pytest.raises(Overloaded):
            await pace.spend(name, units=1)
        clock.seconds = limits.REDIS_REST_SECONDS
        await pace.spend(name, units=2)  # Redis knows nothing of what was spent without it
        assert await SharedAllowances(there).spend(name, Allowance(0.001, 2), units=1) > 0
        with pytest.raises(Overloaded):
            await pace.spend(name, units=1)


async def test_some_units_are_taken_at_once_and_spent_without_asking_again(redis_server: RedisServer) -> None:
    clock, name, allowance = Clock(), uuid4().hex, Allowance(0.001, 10 * limits.LEASE_SHARE)
    async with open_redis_client(redis_server.url) as redis:
        shared = SharedAllowances(redis)
        pace = Pace(allowance, shared, monotonic=clock)
        for _ in range(10):
            await pace.spend(name, units=1)
        assert await shared.spend(name, allowance, units=allowance.burst_units - 20) == 0
        await pace.spend(name, units=1)
        # Ten are left of all: what was leased and not spent soon is lost.
        clock.seconds = limits.LEASE_SECONDS
        assert await shared.spend(name, allowance, units=5) > 0
        with pytest.raises(Overloaded):
            await pace.spend(name, units=1)


async def test_the_last_units_are_taken_one_by_one(redis_server: RedisServer) -> None:
    name, allowance = uuid4().hex, Allowance(0.001, 10 * limits.LEASE_SHARE)
    async with open_redis_client(redis_server.url) as redis:
        shared = SharedAllowances(redis)
        assert await shared.spend(name, allowance, units=allowance.burst_units - 3) == 0
        pace = Pace(allowance, shared, monotonic=Clock())
        for _ in range(3):
            await pace.spend(name, units=1)
        with pytest.raises(Overloaded):
            await pace.spend(name, units=1)


async def test_no_more_callers_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REMEMBERED_CALLERS", 1)
    pace = Pace(Allowance(1.0, 1), None, monotonic=Clock())
    await pace.spend("a", units=1)
    await pace.spend("b", units=1)
    await pace.spend("a", units=1)
    assert len(pace._full_at) == 1


async def test_calls_of_a_key_wait_their_turn_and_one_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAITING_PER_CALLER", 1)
    places, order, release = Places(1, 10), list[str](), asyncio.Event()

    async def hold(name: str) -> None:
        async with places.hold("key"):
            order.append(name)
            await release.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold("first"))
        await asyncio.sleep(0)
        tasks.create_task(hold("second"))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="has 1 calls under way"):
            async with places.hold("key"):
                pass
        async with places.hold("another key"):
            assert order == ["first"]
        release.set()
    assert order == ["first", "second"]
    assert places._places == {}
    assert places._under_way == 0


async def test_a_call_that_waits_too_long_for_its_turn_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.01)
    places = Places(1, 10)
    async with places.hold("key"):
        with pytest.raises(Overloaded) as refused:
            async with places.hold("key"):
                pass
    assert refused.value.code == "too_many_calls"
    assert places._places == {}


async def test_all_calls_together_are_held_to_a_number() -> None:
    places = Places(1, 1)
    async with places.hold("one"):
        with pytest.raises(Overloaded) as refused:
            async with places.hold("another"):
                pass
    assert refused.value.code == "overloaded"
    async with places.hold("another"):
        pass
