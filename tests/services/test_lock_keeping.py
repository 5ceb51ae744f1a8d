"""Redis shows what Postgres says of locks: after every change, after every loss of Redis, and no longer than it is true."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer, open_redis
from syncd.adapters.postgres.connections import LeaseLost, open_connection
from syncd.adapters.postgres.transactions import in_project
from syncd.adapters.redis.locks import ProjectLocks, RedisClient, list_holders, open_redis_client
from syncd.core.ids import ProjectId
from syncd.core.locks import Actor
from syncd.core.projects import NewProject
from syncd.services.freezing import LockDesk, force_release, freeze_project, get_lock, list_history, unfreeze_project
from syncd.services.lock_keeping import KEEP_SECONDS, keep_locks, run_lock_keeper, warn_of_eviction
from syncd.services.locking import holding
from tests.databases import Database
from tests.faultproxy import proxying_redis
from tests.mirror import IDENTITY, Mirror

LEASE_SECONDS = 30.0


def utc_now() -> datetime:
    return datetime.now(UTC)


@pytest_asyncio.fixture
async def project_id(mirror: Mirror, tmp_path: Path) -> ProjectId:
    return (await mirror.add_project(NewProject(name="guide", source="folder", folder=str(tmp_path)))).project_id


@pytest_asyncio.fixture
async def desk(mirror: Mirror, closed_port: int) -> AsyncIterator[LockDesk]:
    """A desk that cannot reach Redis: whatever Redis shows, the daemon has told it."""
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}/0") as away:
        locks = ProjectLocks(away, IDENTITY, lease_seconds=LEASE_SECONDS)
        yield LockDesk(
            mirror.web_pool, away, locks, mirror.tenant_id, Actor("alice", is_admin=False), LEASE_SECONDS, utc_now
        )


@asynccontextmanager
async def keeping(mirror: Mirror, *, wake: asyncio.Event | None = None) -> AsyncIterator[None]:
    """Run the daemon's keeper beside the body."""
    keeper = asyncio.create_task(run_lock_keeper(mirror.locking, wake=wake or asyncio.Event(), clock=utc_now))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def find_shown(redis: RedisClient, project_id: ProjectId) -> tuple[str, str] | None:
    holder = (await list_holders(redis, [project_id])).get(project_id)
    return None if holder is None else (holder.kind, holder.reason)


async def list_actions(desk: LockDesk, project_id: ProjectId) -> list[str]:
    return [event.action for event in (await list_history(desk, project_id)).events]


async def test_what_was_changed_without_redis_is_shown_at_the_next_look(
    mirror: Mirror, desk: LockDesk, project_id: ProjectId, redis: RedisClient
) -> None:
    await freeze_project(desk, project_id, reason="release")
    assert await keep_locks(mirror.locking, now=utc_now()) == KEEP_SECONDS
    assert await find_shown(redis, project_id) == ("freeze", "release")
    await freeze_project(desk, project_id, reason="a longer release")
    await keep_locks(mirror.locking, now=utc_now())
    assert await find_shown(redis, project_id) == ("freeze", "a longer release")
    await unfreeze_project(desk, project_id)
    await keep_locks(mirror.locking, now=utc_now())
    assert await find_shown(redis, project_id) is None
    assert await list_actions(desk, project_id) == ["unfreeze", "freeze", "freeze"]


async def test_a_freeze_that_redis_forgot_is_shown_again_and_remembered_once(
    mirror: Mirror, desk: LockDesk, project_id: ProjectId, redis: RedisClient
) -> None:
    await freeze_project(desk, project_id, reason="release")
    await keep_locks(mirror.locking, now=utc_now())
    await mirror.locking.locks.clear(project_id)
    await asyncio.gather(*(keep_locks(mirror.locking, now=utc_now()) for _ in range(3)))  # three daemons
    assert await find_shown(redis, project_id) == ("freeze", "release")
    assert await list_actions(desk, project_id) == ["redis_rebuilt", "freeze"]


async def test_a_freeze_takes_the_place_of_a_running_lease_and_ends_its_work(
    mirror: Mirror, desk: LockDesk, project_id: ProjectId, redis: RedisClient
) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        locks = ProjectLocks(redis, IDENTITY, lease_seconds=1.0)
        locking = replace(mirror.locking, locks=locks, lease_seconds=1.0)
        async with holding(locking, mirror.tenant_id, project_id, reason="poll"):
            inside.set()
            await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await asyncio.wait_for(inside.wait(), 5)
    await freeze_project(desk, project_id, reason="release")
    await keep_locks(mirror.locking, now=utc_now())
    with pytest.raises(LeaseLost):
        await asyncio.wait_for(working, 5)
    assert await find_shown(redis, project_id) == ("freeze", "release")
    assert await list_actions(desk, project_id) == ["renew_lost", "freeze", "acquire"]


async def test_a_forced_lease_is_ended_in_redis_and_a_newer_one_is_left_alone(
    mirror: Mirror, desk: LockDesk, project_id: ProjectId, redis: RedisClient
) -> None:
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="stuck") as stuck:
        await force_release(desk, project_id, reason="stuck", expected_fence=stuck.fence)
        assert await find_shown(redis, project_id) == ("sync", "stuck")
        await keep_locks(mirror.locking, now=utc_now())
        assert await find_shown(redis, project_id) is None
        async with holding(mirror.locking, mirror.tenant_id, project_id, reason="next"):
            assert not await mirror.locking.locks.force(project_id, fence=stuck.fence + 1)  # a keeper that is late
            await keep_locks(mirror.locking, now=utc_now())
            assert await find_shown(redis, project_id) == ("sync", "next")


async def test_a_late_word_of_an_old_freeze_ends_no_newer_lease(
    mirror: Mirror, desk: LockDesk, project_id: ProjectId, redis: RedisClient
) -> None:
    old = (await freeze_project(desk, project_id, reason="release")).lease
    await unfreeze_project(desk, project_id)
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="next"):
        assert not await mirror.locking.locks.show_freeze(project_id, old)
        assert await find_shown(redis, project_id) == ("sync", "next")


async def test_a_freeze_ends_by_itself_and_the_project_is_due_at_once(
    mirror: Mirror, desk: LockDesk, project_id: ProjectId, redis: RedisClient
) -> None:
    until = utc_now() + timedelta(milliseconds=200)
    early = replace(desk, clock=lambda: until - timedelta(seconds=1))  # however late it is when the desk looks
    await freeze_project(early, project_id, reason="a short release", until=until)
    async with keeping(mirror), asyncio.timeout(5):
        while "freeze_ended" not in await list_actions(desk, project_id):
            pass
        while await find_shown(redis, project_id):
            pass
    assert utc_now() > until
    event = (await list_history(desk, project_id)).events[0]
    assert (event.actor, event.reason, event.previous_holder) == ("tester", "a short release", "alice")
    async with in_project(mirror.pool, mirror.tenant_id, project_id) as connection:
        assert (
            await connection.fetchval("select requested_at from sync_queue where project_id = $1", project_id) > until
        )


async def test_the_end_of_a_freeze_ends_nobody_who_took_the_lock_since(
    mirror: Mirror, desk: LockDesk, project_id: ProjectId, database: Database
) -> None:
    await freeze_project(desk, project_id, reason="release", until=utc_now() + timedelta(hours=1))
    async with open_connection(database.migrator_url) as superuser:
        await superuser.execute("update project_leases set freeze_until = now() - interval '1 second'")
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock:
        await keep_locks(mirror.locking, now=utc_now())
        assert (await get_lock(desk, project_id)).lease.fence == lock.fence
    assert await list_actions(desk, project_id) == ["release", "freeze_ended", "acquire", "freeze"]


async def test_a_keeper_goes_on_by_itself_when_redis_is_back(
    mirror: Mirror,
    desk: LockDesk,
    project_id: ProjectId,
    redis: RedisClient,
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, logger="syncd.locks")
    await freeze_project(desk, project_id, reason="release")
    wake = asyncio.Event()
    async with proxying_redis(redis_server.url) as (proxy, url), open_redis_client(url) as through, asyncio.timeout(10):
        proxy.faults.mute = True
        locks = ProjectLocks(through, IDENTITY, lease_seconds=LEASE_SECONDS)
        async with keeping(replace(mirror, locking=replace(mirror.locking, locks=locks)), wake=wake):
            await _wait_for(lambda: len(caplog.records) == 1)
            wake.set()  # said once, however often it fails
            await proxy.wait_for_request()
            proxy.faults.mute = False
            while await find_shown(redis, project_id) is None:
                wake.set()
                await asyncio.sleep(0)
            await _wait_for(lambda: len(caplog.records) >= 2)
    assert [record.message for record in caplog.records] == ["locks are not kept", "locks are kept again"]


async def _wait_for(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - a line of the log is no event
        await asyncio.sleep(0.001)


async def test_freezes_survive_the_loss_and_the_restart_of_redis(
    mirror: Mirror, desk: LockDesk, project_id: ProjectId, tmp_path: Path
) -> None:
    await freeze_project(desk, project_id, reason="release")
    for directory in ("first", "second"):  # a Redis that comes back with nothing
        async with (
            open_redis(tmp_path / directory, run_directory=tmp_path / "run") as server,
            open_redis_client(server.url) as redis,
        ):
            locks = ProjectLocks(redis, IDENTITY, lease_seconds=LEASE_SECONDS)
            await keep_locks(replace(mirror.locking, locks=locks), now=utc_now())
            assert await find_shown(redis, project_id) == ("freeze", "release")
    assert await list_actions(desk, project_id) == ["redis_rebuilt", "freeze"]


async def test_a_redis_that_is_away_is_not_waited_for(closed_port: int, caplog: pytest.LogCaptureFixture) -> None:
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}/0") as away:
        await warn_of_eviction(away)
    assert caplog.records == []
