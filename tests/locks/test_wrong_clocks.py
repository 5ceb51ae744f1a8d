"""Wall clocks that really jump, of Redis, of a holder and of Postgres: no stale row is written, since none of them decides anything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TypeVar

import asyncpg
import pytest
import pytest_asyncio

from syncd.adapters.embedded import child
from syncd.adapters.embedded.postgres import open_postgres
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import open_redis_client
from syncd.errors import Busy, Unreachable
from tests.databases import Database, make_database, make_template
from tests.locks.ground import Ground, Ledger, open_ground, take, write
from tests.locks.races import run_losses
from tests.locks.storms import run_stops
from tests.valkeys import running_valkey
from tests.wrong_clocks import WrongClock, wrong_clock

__all__ = ["wrong_clock"]

NONE = (0, 0, 0)
DAY_SECONDS = 86_400
T = TypeVar("T")


@pytest_asyncio.fixture
async def ground(database: Database, redis_server: RedisServer) -> AsyncIterator[Ground]:
    async with open_ground(database, redis_server, lease_seconds=600) as opened:
        yield opened


@pytest.mark.parametrize("races", [5, pytest.param(50, marks=pytest.mark.full)])
@pytest.mark.parametrize("backwards", [False, True])
async def test_a_clock_of_redis_that_jumps_lets_nothing_stale_in(
    ground: Ground, wrong_clock: WrongClock, races: int, backwards: bool
) -> None:
    async with running_valkey(environment=wrong_clock.environment) as url, open_redis_client(url) as redis:
        there = replace(ground, redis=redis, clock=wrong_clock)
        tally = await run_losses(there, races=races, seed=races, backwards=backwards)
    assert tally.faults == NONE
    assert tally.refused >= races
    assert abs(wrong_clock.ahead_seconds) > 60


@pytest.mark.parametrize("days", [-365, pytest.param(365, marks=pytest.mark.full)])
async def test_a_holder_whose_clock_is_wrong_is_stopped_and_refused_like_any_other(
    database: Database, redis_server: RedisServer, wrong_clock: WrongClock, days: int
) -> None:
    wrong_clock.jump(days * DAY_SECONDS)
    async with open_ground(database, redis_server) as ground:
        tally = await run_stops(
            ground, database, redis_server, holders=2, seed=days % 7, environment=wrong_clock.environment
        )
    assert tally.faults == NONE
    assert tally.written >= 2


@pytest.mark.full
async def test_a_clock_of_postgres_that_jumps_lets_nothing_stale_in(
    redis_server: RedisServer, wrong_clock: WrongClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred jumps, up to a year in either direction, while holders write and are taken over."""
    launch = child.make_launch
    async with AsyncExitStack() as stack:
        # Its account, which is not root's, reads the clock.
        place = Path(stack.enter_context(TemporaryDirectory()))
        place.chmod(0o755)
        clock = WrongClock(wrong_clock.library, place / "clock")
        clock.jump(0)
        # By env, which is executed with the account's rights: what the library makes in memory is its own.
        words = [f"{name}={value}" for name, value in clock.environment.items()]

        def launch_wrongly(command: child.Command) -> list[str]:
            arguments = (*words, str(command.program), *command.arguments)
            return launch(replace(command, program=Path("/usr/bin/env"), arguments=arguments))

        monkeypatch.setattr(child, "make_launch", launch_wrongly)
        postgres = await stack.enter_async_context(open_postgres(place / "cluster", run_directory=place / "run"))
        database = await stack.enter_async_context(make_database(postgres, await make_template(postgres)))
        ground = await stack.enter_async_context(open_ground(database, redis_server, lease_seconds=600))
        ledger = Ledger(ground, await ground.add_project())
        racing = asyncio.create_task(race(ground, ledger, races=200))
        dice, seen = Random(1), set()
        for _ in range(100):
            clock.jump(dice.uniform(-365, 365) * DAY_SECONDS - clock.ahead_seconds)
            seen.add(await patiently(partial(ground.superuser.fetchval, "select current_date")))
            await asyncio.wait([racing], timeout=0.05)
        outcomes = await racing
        assert await patiently(ledger.count_stale) == 0
    assert min(outcomes.count(True), outcomes.count(False)) > 50
    assert len(seen) > 20  # it believed them


async def race(ground: Ground, ledger: Ledger, *, races: int) -> list[bool]:
    """Let a holder write while another takes over, again and again; return which writes were accepted."""
    dice, outcomes = Random(2), []
    holder = await patiently(partial(take, ground, ledger, "first"))
    for _ in range(races):
        write_on = partial(write, ground, holder, dice)
        wrote, holder = await asyncio.gather(patiently(write_on), patiently(partial(take, ground, ledger, "next")))
        outcomes += [wrote, await patiently(write_on)]
        assert outcomes[-1] is False
    return outcomes


async def patiently(act: Callable[[], Awaitable[T]]) -> T:
    """Act until it is done: a clock that jumps ahead ends what Postgres would wait for, and what it ends is undone."""
    while True:
        try:
            return await act()
        except (Busy, Unreachable, asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError):
            pass
