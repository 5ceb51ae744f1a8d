"""What stands by of a pool answers one statement after the other, is lost without harm, and never keeps others waiting for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from syncd.adapters.postgres.connections import Pool, open_pool
from syncd.adapters.postgres.standing import Standing, open_standing
from tests.databases import Database

PID = "select pg_backend_pid()"


@asynccontextmanager
async def opened(database: Database, *, size: int = 4, seconds: float = 5) -> AsyncIterator[tuple[Pool, Standing]]:
    async with open_pool(database.read_url, size=size) as pool, open_standing(pool, seconds=seconds) as standing:
        yield pool, standing


async def get_pid(standing: Standing) -> int:
    ((pid,),) = await standing.fetch(PID)
    assert isinstance(pid, int)
    return pid


async def test_the_next_statement_runs_where_the_last_did_without_asking_the_pool(database: Database) -> None:
    async with opened(database) as (pool, standing):
        first = await get_pid(standing)
        assert pool.get_idle_size() == 0
        assert await get_pid(standing) == first


async def test_at_most_half_of_the_pool_stands_by_and_all_are_answered(database: Database) -> None:
    async with opened(database) as (pool, standing):
        pids = await asyncio.gather(*(get_pid(standing) for _ in range(20)))
        assert len(set(pids)) <= 2
        async with pool.acquire(timeout=5), pool.acquire(timeout=5):
            assert await get_pid(standing) in pids


async def test_what_is_idle_goes_back_to_the_pool(database: Database) -> None:
    async with opened(database, size=2) as (pool, standing):
        await get_pid(standing)
        async with pool.acquire(timeout=5), pool.acquire(timeout=5):
            assert pool.get_idle_size() == 0


async def test_a_pool_of_one_lends_it_for_each_statement(database: Database) -> None:
    async with opened(database, size=1) as (pool, standing):
        await get_pid(standing)
        assert pool.get_idle_size() == 1


async def lose(pool: Pool, standing: Standing) -> int:
    """End the connection that stands by, which is told of it before it is asked again: the pool learns of it then. Returns its number."""
    pid, lost = await get_pid(standing), asyncio.Event()
    async with pool.acquire() as other:
        (standing_by,) = standing._idle
        standing_by.add_termination_listener(lambda _: lost.set())
        await other.fetchval("select pg_terminate_backend($1, 5000)", pid)
    async with asyncio.timeout(5):
        await lost.wait()
    return pid


async def test_a_connection_that_was_lost_meanwhile_is_replaced(database: Database) -> None:
    async with opened(database) as (pool, standing):
        first = await lose(pool, standing)
        assert await get_pid(standing) != first


async def test_a_lost_connection_that_nothing_can_replace_is_waited_for_no_longer_than_a_statement(
    database: Database,
) -> None:
    async with opened(database, size=2) as (pool, standing):
        await lose(pool, standing)
        standing._seconds = 0.1
        async with asyncio.timeout(5), pool.acquire(), pool.acquire():
            with pytest.raises(TimeoutError):
                await standing.fetch(PID)


async def test_a_statement_that_fails_leaves_a_connection_that_works(database: Database) -> None:
    async with opened(database) as (pool, standing):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await standing.fetch("select 1 / $1::integer", 0)
        assert pool.get_idle_size() == pool.get_size()
        assert await get_pid(standing)


async def test_a_statement_that_takes_too_long_ends_and_so_does_the_wait_for_its_turn(database: Database) -> None:
    async with opened(database, size=2, seconds=0.2) as (_, standing):
        ended = await asyncio.gather(*(standing.fetch("select pg_sleep(5)") for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in ended] == [TimeoutError] * 3
