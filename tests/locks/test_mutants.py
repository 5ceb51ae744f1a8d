"""Each guard of the lock, taken away in turn: the campaign notices every time. A guard that nothing would miss is none."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from tests.databases import Database
from tests.locks.ground import Ground, open_ground
from tests.locks.races import Tally, run_losses, run_takeovers

MOST_RACES = 800
RACES_AT_ONCE = 40


@pytest_asyncio.fixture
async def ground(database: Database, redis_server: RedisServer) -> AsyncIterator[Ground]:
    async with open_ground(database, redis_server, lease_seconds=600) as opened:
        yield opened


async def replace_in_fence(ground: Ground, part: str, replacement: str) -> None:
    definition = await ground.superuser.fetchval("select pg_get_functiondef('syncd.assert_fence()'::regprocedure)")
    assert part in definition
    await ground.superuser.execute(definition.replace(part, replacement))


async def race_until_noticed(race: Callable[[int], Awaitable[Tally]]) -> Tally:
    """Race until something is wrong, at most `MOST_RACES` times."""
    for seed in range(MOST_RACES // RACES_AT_ONCE):
        tally = await race(seed)
        if tally.faults != (0, 0, 0):
            return tally
    return Tally()


async def race_takeovers(ground: Ground) -> Tally:
    return await race_until_noticed(lambda seed: run_takeovers(ground, races=RACES_AT_ONCE, seed=seed))


async def test_without_for_share_stale_rows_are_written(ground: Ground) -> None:
    await replace_in_fence(ground, "for share", "")
    assert (await race_takeovers(ground)).stale


async def test_without_the_nonce_in_postgres_a_fence_that_comes_back_lets_stale_rows_in(ground: Ground) -> None:
    await replace_in_fence(ground, "and l.nonce = nullif(current_setting('syncd.nonce', true), '')::uuid", "")
    assert (await race_takeovers(ground)).stale


async def test_without_the_fence_number_stale_rows_are_refused_by_the_nonce_alone(ground: Ground) -> None:
    """The one guard that the other covers: the number is for people, for force and for order."""
    await replace_in_fence(ground, "and l.fence = nullif(current_setting('syncd.fence', true), '')::bigint", "")
    assert (await run_takeovers(ground, races=RACES_AT_ONCE, seed=1)).faults == (0, 0, 0)


async def test_without_the_freeze_in_the_fence_its_own_number_holds(ground: Ground) -> None:
    """A freeze makes a new fence too: either is enough to stop who holds the lock."""
    await replace_in_fence(ground, "and (l.freeze_id is null or l.freeze_until < now())", "")
    assert (await run_takeovers(ground, races=RACES_AT_ONCE, seed=1)).faults == (0, 0, 0)


async def test_without_the_trigger_code_that_forgets_the_fence_writes_stale_rows(ground: Ground) -> None:
    await ground.superuser.execute("drop trigger refuse_unfenced on syncd.sync_runs")
    assert (await race_takeovers(ground)).stale


@pytest.mark.parametrize(
    ("script", "part", "replacement"),
    [
        ("acquire", "if nonce and nonce ~= ARGV[1] then", "if false then"),
        ("renew", "redis.call('HGET', KEYS[1], 'nonce') ~= ARGV[1]", "redis.call('EXISTS', KEYS[1]) == 0"),
        ("release", "redis.call('HGET', KEYS[1], 'nonce') ~= ARGV[1]", "redis.call('EXISTS', KEYS[1]) == 0"),
    ],
)
async def test_without_the_nonce_in_a_script_redis_trusts_who_has_lost(
    ground: Ground, script: str, part: str, replacement: str
) -> None:
    mutated = replace(ground, mutants={script: (part, replacement)})
    assert (await race_until_noticed(lambda seed: run_losses(mutated, races=2, seed=seed))).trusted


async def test_without_the_clamp_a_clock_that_jumped_makes_a_lease_of_hours(ground: Ground) -> None:
    mutated = replace(ground, mutants={"acquire": ("clamped = 1", "clamped = 0")})
    assert (await race_until_noticed(lambda seed: run_losses(mutated, races=2, seed=seed, backwards=True))).trusted
