"""What becomes of the servers when their owner is killed."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
from redis.asyncio import Redis

from syncd.adapters.embedded.postgres import open_postgres
from syncd.adapters.embedded.redis import open_redis
from tests.adapters.embedded import driver
from tests.adapters.embedded.places import list_running_in

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def run_owner(made: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, int]]]:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-m", driver.__name__, str(made), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert owner.stdout is not None
        async with asyncio.timeout(30):
            line = await owner.stdout.readline()
        yield owner, json.loads(line)
    finally:
        if owner.returncode is None:
            owner.kill()
        await owner.wait()
        _, alive = psutil.wait_procs(list_running_in(made), timeout=5)
        assert alive == []


async def test_killing_the_owner_ends_both_servers_and_the_next_owner_goes_on(made: Path) -> None:
    async with run_owner(made) as (owner, pids):
        running = list_running_in(made)
        assert set(pids.values()) <= {server.pid for server in running}
        owner.kill()
        await owner.wait()
        _, alive = psutil.wait_procs(running, timeout=5)
        assert alive == []
    async with (
        open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True) as postgres,
        open_redis(made / "redis", run_directory=made / "run") as redis,
        Redis.from_url(redis.url) as client,
    ):
        connection = await asyncpg.connect(postgres.url)
        assert await connection.fetchval("select 1") == 1
        await connection.close()
        assert await client.ping()


async def test_the_next_owner_need_not_wait_for_the_servers_of_a_killed_one(made: Path) -> None:
    async with run_owner(made) as (owner, _):
        owner.kill()
        await owner.wait()
        async with (
            open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True),
            open_redis(made / "redis", run_directory=made / "run"),
        ):
            pass
    assert list_running_in(made) == []


async def test_an_interrupt_of_the_terminal_does_not_reach_the_servers(made: Path) -> None:
    async with run_owner(made) as (owner, pids):
        for pid in pids.values():
            assert os.getpgid(pid) == pid
            assert os.getpgid(pid) != os.getpgid(owner.pid)
