"""Holders that are stopped beyond their lease, and replicas and operators whose words to Redis are lost and doubled."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import open_redis_client
from syncd.core.ids import ProjectId
from syncd.errors import RetryLater
from syncd.services.freezing import freeze_project, get_lock, unfreeze_project
from syncd.services.lock_keeping import keep_locks, run_lock_keeper
from syncd.services.locking import Locking, holding
from tests.databases import Database
from tests.faultproxy import Faults, proxying_redis
from tests.locks.ground import Ground, Ledger, Writer, write
from tests.locks.races import Tally

LOOK_SECONDS = 0.02
STORM_SECONDS = 30
"""A bound on what is waited for, with room for a machine that is busy with other things."""


async def run_stops(
    ground: Ground,
    database: Database,
    redis_server: RedisServer,
    *,
    holders: int,
    seed: int,
    environment: Mapping[str, str] | None = None,
) -> Tally:
    """Stop a process that holds so many projects, take all of them over, and let it go on. *environment*: what it has beside ours."""
    tally, dice = Tally(), Random(seed)
    # Who is stopped inside a transaction keeps its row locked for so long.
    name = await ground.superuser.fetchval("select current_database()")
    await ground.superuser.execute(
        f"alter role test_sync in database {name} set idle_in_transaction_session_timeout = '1s'"
    )
    ledgers = {str(one): Ledger(ground, one) for one in [await ground.add_project() for _ in range(holders)]}
    arguments = {
        "sync_url": database.sync_url,
        "redis_url": redis_server.url,
        "tenant": str(ground.tenant_id),
        "projects": {name: place % 2 == 0 for place, name in enumerate(ledgers)},
        "lease_seconds": ground.lease_seconds,
    }
    async with _running(arguments, environment or {}) as process:
        for _ in range(holders):
            held = json.loads(await _read_line(process))
            ledgers[held["project"]].found.append((held["fence"], held["mark"], 0))
        await asyncio.sleep(dice.random() * ground.lease_seconds)
        os.kill(process.pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(STORM_SECONDS), asyncio.TaskGroup() as group:
                for ledger in ledgers.values():
                    group.create_task(_take_over(ground, ledger, tally, Random(dice.random())))
        finally:
            os.kill(process.pid, signal.SIGCONT)
        await asyncio.wait_for(process.wait(), STORM_SECONDS)
    tally.refused += holders  # each writes until it is refused, and the process has ended
    tally.stale += sum([await ledger.count_stale() for ledger in ledgers.values()])
    return tally


@asynccontextmanager
async def _running(
    arguments: dict[str, Any], environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "tests.locks.stopped_holder", json.dumps(arguments))
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, **environment}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _read_line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    return await asyncio.wait_for(process.stdout.readline(), STORM_SECONDS)


async def _take_over(ground: Ground, ledger: Ledger, tally: Tally, dice: Random) -> None:
    """Hold the project as soon as its lease has run out."""
    locking = ground.make_locking("next")
    while True:
        if await _hold_once(locking, ground, ledger, tally, dice):
            return
        await asyncio.sleep(LOOK_SECONDS)


async def _hold_once(locking: Locking, ground: Ground, ledger: Ledger, tally: Tally, dice: Random) -> bool:
    """Hold the project, note what is found, write a few rows; false when it could not be held, or was lost."""
    try:
        async with holding(locking, ground.tenant_id, ledger.project_id, reason="storm") as lock:
            writer = Writer(lock, f"{locking.locked_by} {uuid4()}")
            await ledger.note_taken(writer.mark, turn=lock.fence)
            tally.add_writes([await write(ground, writer, dice) for _ in range(dice.randrange(1, 5))])
            return True
    except RetryLater:
        return False


async def run_storm(ground: Ground, redis_server: RedisServer, *, rounds: int, seed: int) -> Tally:
    """Let three replicas hold a project in turn while an operator freezes it and Redis is emptied; replies are lost, doubled and late."""
    tally, dice = Tally(), Random(seed)
    ledger = Ledger(ground, await ground.add_project())
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(_faulty(redis_server, seed + place)) for place in range(5)]
        keeper = ground.make_locking("keeper", clients[4])
        tasks = [
            asyncio.create_task(_replicate(ground, ledger, tally, clients[place], Random(seed + place)))
            for place in range(3)
        ]
        tasks.append(
            asyncio.create_task(run_lock_keeper(keeper, wake=asyncio.Event(), clock=lambda: datetime.now(UTC)))
        )
        try:
            for _ in range(rounds):
                await _wait_for_a_write(tally)
                await _freeze_in_the_storm(ground, ledger, tally, clients[3], dice)
            await _wait_for_a_write(tally)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [repr(one) for one in ended if not isinstance(one, asyncio.CancelledError)] == []
    tally.lost_freezes += await _count_lost_at_the_end(ground, ledger.project_id)
    tally.stale += await ledger.count_stale()
    return tally


@asynccontextmanager
async def _faulty(redis_server: RedisServer, seed: int) -> AsyncIterator[Redis]:
    faults = Faults(lose_reply=0.03, double_reply=0.03, slow_reply=0.03, slow_seconds=0.05)
    async with proxying_redis(redis_server.url, faults, seed=seed) as (_, url), open_redis_client(url) as redis:
        yield redis


async def _replicate(ground: Ground, ledger: Ledger, tally: Tally, redis: Redis, dice: Random) -> None:
    """Hold, write, give back, for ever."""
    locking = ground.make_locking(f"replica {dice.random()}", redis)
    while True:
        if not await _hold_once(locking, ground, ledger, tally, dice):
            await asyncio.sleep(LOOK_SECONDS * dice.random())


async def _wait_for_a_write(tally: Tally) -> None:
    """Return when a replica has written since: a storm in which nobody gets to write proves nothing."""
    before = tally.written
    async with asyncio.timeout(STORM_SECONDS):
        while tally.written == before:  # noqa: ASYNC110 - a count is no event
            await asyncio.sleep(LOOK_SECONDS)


async def _freeze_in_the_storm(ground: Ground, ledger: Ledger, tally: Tally, redis: Redis, dice: Random) -> None:
    desk, project_id = ground.make_desk("operator", redis=redis), ledger.project_id
    await asyncio.sleep(dice.random() * 0.1)
    if dice.random() < 0.5:
        await ground.make_locks("whoever empties it").clear(project_id)
        await asyncio.sleep(dice.random() * 0.05)
    state = await freeze_project(desk, project_id, reason="storm")
    await ledger.note_taken(f"freeze {uuid4()}", turn=state.lease.fence)
    rows = await ledger.count_rows()
    await asyncio.sleep(dice.random() * 0.1)
    tally.lost_freezes += not (await get_lock(desk, project_id)).lease.is_frozen
    tally.lost_freezes += await ledger.count_rows() != rows
    await unfreeze_project(desk, project_id)


async def _count_lost_at_the_end(ground: Ground, project_id: ProjectId) -> int:
    """Freeze once more; return 1 unless a Redis that has forgotten everything shows it again after one look of a keeper."""
    desk, locking = ground.make_desk("operator"), ground.make_locking("keeper")
    await freeze_project(desk, project_id, reason="the end")
    await locking.locks.clear(project_id)
    await keep_locks(locking, now=datetime.now(UTC))
    state = await get_lock(desk, project_id)
    return int(not (state.lease.is_frozen and state.holder is not None and state.holder.kind == "freeze"))
