"""The lock campaign: whatever happens to Redis, to a holder and to clocks, no stale row is written and no freeze is lost."""

from collections.abc import AsyncIterator
from random import SystemRandom

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from tests.databases import Database
from tests.locks.ground import Ground, open_ground
from tests.locks.races import run_losses, run_takeovers
from tests.locks.storms import run_stops, run_storm

NONE = (0, 0, 0)


@pytest_asyncio.fixture
async def ground(database: Database, redis_server: RedisServer) -> AsyncIterator[Ground]:
    async with open_ground(database, redis_server) as opened:
        yield opened


@pytest_asyncio.fixture
async def calm_ground(database: Database, redis_server: RedisServer) -> AsyncIterator[Ground]:
    """A ground whose leases end when the campaign says so, and not because the machine is slow."""
    async with open_ground(database, redis_server, lease_seconds=600) as opened:
        yield opened


@pytest.fixture
def seed() -> int:
    """A seed of its own for every run, printed by a test that fails."""
    chosen = SystemRandom().randrange(2**32)
    print(f"seed {chosen}")  # noqa: T201 - a run that fails is repeated with it
    return chosen


@pytest.mark.parametrize("races", [500, pytest.param(10_000, marks=pytest.mark.full)])
async def test_randomised_takeovers_leave_no_stale_write(ground: Ground, races: int, seed: int) -> None:
    tally = await run_takeovers(ground, races=races, seed=seed)
    assert tally.faults == NONE
    # The dice fell both ways.
    assert tally.written > races / 4
    assert tally.refused > races / 4


@pytest.mark.parametrize("races", [50, pytest.param(1_000, marks=pytest.mark.full)])
async def test_a_redis_that_forgets_a_holder_leaves_no_stale_write(calm_ground: Ground, races: int, seed: int) -> None:
    tally = await run_losses(calm_ground, races=races, seed=seed)
    assert tally.faults == NONE
    assert tally.refused >= races


@pytest.mark.parametrize("races", [5, pytest.param(50, marks=pytest.mark.full)])
async def test_clocks_that_jump_leave_no_stale_write_and_no_endless_lease(
    calm_ground: Ground, races: int, seed: int
) -> None:
    tally = await run_losses(calm_ground, races=races, seed=seed, backwards=True)
    assert tally.faults == NONE
    assert tally.refused >= races


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.full)])
async def test_holders_stopped_beyond_their_lease_write_nothing_when_they_go_on(
    ground: Ground, database: Database, redis_server: RedisServer, rounds: int, seed: int
) -> None:
    """Five at a time, inside and between transactions."""
    for turn in range(rounds):
        tally = await run_stops(ground, database, redis_server, holders=5, seed=seed + turn)
        assert tally.faults == NONE
        assert tally.written >= 5


@pytest.mark.parametrize("rounds", [20, pytest.param(500, marks=pytest.mark.full)])
async def test_lost_doubled_and_late_replies_write_nothing_stale_and_lose_no_freeze(
    ground: Ground, redis_server: RedisServer, rounds: int, seed: int
) -> None:
    tally = await run_storm(ground, redis_server, rounds=rounds, seed=seed)
    assert tally.faults == NONE
    assert tally.written > rounds
