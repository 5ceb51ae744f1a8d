"""Shared allowances: the script takes the steps of the core, replicas count together, and nothing is left behind."""

from random import Random
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.allowances import SharedAllowances, _key
from syncd.adapters.redis.locks import open_redis_client
from syncd.core.allowances import Allowance, charge, spend
from syncd.errors import Unreachable

ALLOWANCE = Allowance(units_per_second=2.0, burst_units=8)


@pytest.mark.parametrize("seed", range(4))
async def test_the_script_takes_the_steps_of_the_core(redis: Redis, seed: int) -> None:
    random, name = Random(seed), uuid4().hex
    now, full_at, waits = [1_800_000_000.0], 0.0, set[bool]()
    shared = SharedAllowances(redis, clock=lambda: now[0])
    for _ in range(200):
        now[0] += random.choice([0.0, 0.25, 0.5, 3.0, -1.0])
        units = random.randint(1, 10)
        full_at, wait = spend(full_at, ALLOWANCE, units=units, now=now[0])
        assert await shared.spend(name, ALLOWANCE, units=units) == pytest.approx(wait, abs=1e-5)
        waits.add(wait > 0)
    assert waits == {True, False}


@pytest.mark.parametrize("seed", range(2))
async def test_wrong_keys_are_charged_as_the_core_does(redis: Redis, seed: int) -> None:
    random, address = Random(seed), uuid4().hex
    now, full_at, waits = [1_800_000_000.0], 0.0, set[bool]()
    shared = SharedAllowances(redis, clock=lambda: now[0])
    for _ in range(200):
        now[0] += random.choice([0.0, 0.0, 0.25, 8.0, -1.0])
        full_at, wait = charge(full_at, ALLOWANCE, now=now[0])
        assert await shared.charge_wrong_key(address, ALLOWANCE) == pytest.approx(wait, abs=1e-5)
        waits.add(wait > 0)
    assert waits == {True, False}


async def test_two_replicas_count_together_and_callers_apart(redis_server: RedisServer, redis: Redis) -> None:
    name = uuid4().hex
    async with open_redis_client(redis_server.url) as other:
        one, two = SharedAllowances(redis), SharedAllowances(other)
        assert await one.spend(name, ALLOWANCE, units=8) == 0
        assert 0 < await two.spend(name, ALLOWANCE, units=1) <= 0.5
        assert await two.spend(uuid4().hex, ALLOWANCE, units=8) == 0


async def test_what_was_spent_is_forgotten_when_it_has_come_back(redis: Redis) -> None:
    name = uuid4().hex
    await SharedAllowances(redis).spend(name, ALLOWANCE, units=3)
    assert 0 < await redis.pttl(_key(name)) <= 1500


async def test_redis_that_is_gone_is_said(closed_port: int) -> None:
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}") as redis:
        with pytest.raises(Unreachable):
            await SharedAllowances(redis).spend("a", ALLOWANCE, units=1)
