"""Holding a project: by one at a time, for no longer than the lease is sure, never while it is frozen."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer, open_redis
from syncd.adapters.postgres.connections import LeaseLost, open_connection, open_pool
from syncd.adapters.postgres.leases import mint_fence
from syncd.adapters.postgres.transactions import fenced, in_project
from syncd.adapters.redis.locks import Identity, ProjectLocks, list_holders, open_redis_client
from syncd.core.ids import ProjectId
from syncd.core.projects import NewProject
from syncd.errors import Busy, Unreachable
from syncd.services.locking import Locking, clear_leases, holding
from tests.databases import Database
from tests.faultproxy import proxying_postgres, proxying_redis
from tests.mirror import Mirror, open_mirror

LEASE_SECONDS = 1.0


@pytest_asyncio.fixture
async def mirror(database: Database, redis_server: RedisServer) -> AsyncIterator[Mirror]:
    async with open_mirror(database, redis_server, lease_seconds=LEASE_SECONDS) as opened:
        yield opened


@pytest_asyncio.fixture
async def project_id(mirror: Mirror, tmp_path: Path) -> ProjectId:
    return (await mirror.add_project(NewProject(name="guide", source="folder", folder=str(tmp_path)))).project_id


async def test_the_holder_writes_and_is_shown(mirror: Mirror, project_id: ProjectId, redis_server: RedisServer) -> None:
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock:
        async with fenced(mirror.pool, lock):
            pass
        async with open_redis_client(redis_server.url) as redis:
            assert (await list_holders(redis, [project_id]))[project_id].reason == "poll"
    async with open_redis_client(redis_server.url) as redis:
        assert await list_holders(redis, [project_id]) == {}


async def test_a_second_holder_is_told_who_and_why(mirror: Mirror, project_id: ProjectId) -> None:
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="a push") as lock:
        with pytest.raises(Busy, match=r"held by tester \(a push\) until \d\d:\d\d:\d\d UTC") as refused:
            async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
                pytest.fail("two held the project")
        assert refused.value.code == "project_locked"
        assert refused.value.after_seconds > 0
        async with fenced(mirror.pool, lock):  # the one who was refused did no harm
            pass


async def test_another_may_hold_it_afterwards_with_a_higher_fence(mirror: Mirror, project_id: ProjectId) -> None:
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="first") as first:
        pass
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="second") as second:
        assert second.fence == first.fence + 1
        with pytest.raises(LeaseLost):
            async with fenced(mirror.pool, first):
                pytest.fail("the old lock still writes")


async def test_the_lock_is_given_back_when_the_body_fails(mirror: Mirror, project_id: ProjectId) -> None:
    with pytest.raises(ZeroDivisionError):
        async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
            raise ZeroDivisionError
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
        pass


async def test_the_lock_is_given_back_when_the_body_is_cancelled(mirror: Mirror, project_id: ProjectId) -> None:
    inside = asyncio.Event()

    async def hold() -> None:
        async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    await asyncio.wait_for(inside.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
        pass


async def test_a_lease_is_renewed_while_the_body_runs(
    mirror: Mirror, project_id: ProjectId, redis_server: RedisServer
) -> None:
    async with (
        open_redis_client(redis_server.url) as redis,
        holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock,
        asyncio.timeout(5),
    ):
        taken = (await list_holders(redis, [project_id]))[project_id]
        holder = taken
        while holder.heartbeat_at == taken.heartbeat_at:
            holder = (await list_holders(redis, [project_id]))[project_id]
        assert taken.expires_at is not None
        assert holder.expires_at is not None
        assert holder.expires_at > taken.expires_at
        assert holder.fence == lock.fence


async def test_a_lost_lease_cancels_the_body(mirror: Mirror, project_id: ProjectId) -> None:
    cancelled = asyncio.Event()

    async def hold() -> None:
        async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
            await mirror.locking.locks.clear(project_id)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

    with pytest.raises(LeaseLost):
        await asyncio.wait_for(hold(), 5)
    assert cancelled.is_set()


@pytest.mark.parametrize("blow", [signal.SIGSTOP, signal.SIGKILL], ids=["connected and mute", "gone"])
async def test_a_silent_redis_is_trusted_until_the_lease_ends_and_no_longer(
    mirror: Mirror, project_id: ProjectId, tmp_path: Path, blow: signal.Signals
) -> None:
    inside = asyncio.Event()

    async def hold(locking: Locking) -> None:
        async with holding(locking, mirror.tenant_id, project_id, reason="poll"):
            inside.set()
            await asyncio.Event().wait()

    async with (
        open_redis(tmp_path / "redis", run_directory=tmp_path / "run") as server,
        open_redis_client(server.url) as redis,
    ):
        locks = ProjectLocks(redis, Identity("tester", "localhost"), lease_seconds=LEASE_SECONDS)
        holder = asyncio.create_task(hold(replace(mirror.locking, locks=locks)))
        await asyncio.wait_for(inside.wait(), 5)
        os.kill(server.child.pid, blow)
        try:
            with pytest.raises(LeaseLost):
                await asyncio.wait_for(holder, 5)
        finally:
            if blow is signal.SIGSTOP:
                os.kill(server.child.pid, signal.SIGCONT)


async def freeze(database: Database, project_id: ProjectId, until: str | None) -> None:
    async with open_connection(database.migrator_url) as connection:
        await connection.execute(
            """
            update project_leases
            set freeze_id = $2, frozen_by = 'ops', freeze_reason = 'the release', freeze_until = now() + $3::text::interval
            where project_id = $1
            """,
            project_id,
            uuid4(),
            until,
        )


@pytest.mark.parametrize("until", [None, "1 hour"])
async def test_a_frozen_project_is_refused_with_its_reason_and_left_free_in_redis(
    mirror: Mirror, project_id: ProjectId, database: Database, redis_server: RedisServer, until: str | None
) -> None:
    await freeze(database, project_id, until)
    with pytest.raises(Busy, match="frozen by ops: the release") as refused:
        async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
            pytest.fail("a frozen project was held")
    assert refused.value.code == "project_frozen"
    async with open_redis_client(redis_server.url) as redis:
        assert await list_holders(redis, [project_id]) == {}


async def test_a_freeze_that_has_ended_is_none(mirror: Mirror, project_id: ProjectId, database: Database) -> None:
    await freeze(database, project_id, "-1 second")
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
        pass


async def test_without_redis_nobody_begins(mirror: Mirror, project_id: ProjectId, closed_port: int) -> None:
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}/0") as redis:
        locks = ProjectLocks(redis, Identity("tester", "localhost"), lease_seconds=LEASE_SECONDS)
        with pytest.raises(Unreachable) as refused:
            async with holding(replace(mirror.locking, locks=locks), mirror.tenant_id, project_id, reason="poll"):
                pytest.fail("held without Redis")
    assert refused.value.exit_code == 4
    async with in_project(mirror.pool, mirror.tenant_id, project_id) as connection:
        assert await connection.fetchval("select fence from project_leases") == 0


async def test_every_holder_is_remembered(mirror: Mirror, project_id: ProjectId) -> None:
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock:
        pass
    async with in_project(mirror.pool, mirror.tenant_id, project_id) as connection:
        events = await connection.fetch("select action, actor, fence from lock_events order by at")
    assert [tuple(event) for event in events] == [("acquire", "tester", lock.fence), ("release", "tester", lock.fence)]


async def test_leases_of_a_killed_run_are_cleared_and_its_fence_stands(mirror: Mirror, project_id: ProjectId) -> None:
    nonce = uuid4()
    assert await mirror.locking.locks.acquire(project_id, nonce, reason="poll", kind="sync") is None
    await clear_leases(mirror.pool, mirror.locking.locks)
    assert not await mirror.locking.locks.renew(project_id, nonce, fence=1)
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock:
        assert lock.fence == 1


async def test_a_lost_lease_cuts_a_connection_that_does_not_end(
    mirror: Mirror, project_id: ProjectId, database: Database
) -> None:
    """A server that has gone silent answers no cancellation either: measured, asyncpg waits for it for minutes."""
    inside = asyncio.Event()

    async def hold() -> None:
        async with (
            proxying_postgres(database.sync_url) as (proxy, url),
            open_pool(url, size=1) as pool,
            holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock,
            fenced(pool, lock) as connection,
        ):
            proxy.faults.mute = True
            await mirror.locking.locks.clear(project_id)
            inside.set()
            await connection.execute("select 1")

    holder = asyncio.create_task(hold())
    await asyncio.wait_for(inside.wait(), 5)
    with pytest.raises(LeaseLost):
        await asyncio.wait_for(holder, 10)


async def test_a_lock_whose_taking_was_not_answered_is_given_back(
    mirror: Mirror, project_id: ProjectId, redis_server: RedisServer
) -> None:
    async with proxying_redis(redis_server.url) as (proxy, url), open_redis_client(url) as redis:
        locks = ProjectLocks(redis, Identity("tester", "localhost"), lease_seconds=30)
        assert await locks.release(project_id, uuid4()) is False  # connected
        proxy.faults.lose_next = 1
        with pytest.raises(Unreachable):
            async with holding(replace(mirror.locking, locks=locks), mirror.tenant_id, project_id, reason="poll"):
                pytest.fail("held without an answer")
        assert proxy.counts["lost"] == 1
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
        pass


async def test_a_lease_that_ran_out_while_the_fence_was_waited_for_is_none(
    mirror: Mirror, project_id: ProjectId, redis_server: RedisServer
) -> None:
    """etcd's lock was once returned after its lease had ended: whoever waited asks again."""

    class Forgetting(ProjectLocks):
        async def renew(self, project_id: ProjectId, nonce: UUID, *, fence: int) -> bool:
            await self.clear(project_id)
            return await super().renew(project_id, nonce, fence=fence)

    async with open_redis_client(redis_server.url) as redis:
        locks = Forgetting(redis, Identity("tester", "localhost"), lease_seconds=30)
        with pytest.raises(LeaseLost):
            async with holding(replace(mirror.locking, locks=locks), mirror.tenant_id, project_id, reason="poll"):
                pytest.fail("held without a lease")


async def test_a_takeover_names_who_let_the_lease_run_out(mirror: Mirror, project_id: ProjectId) -> None:
    async with in_project(mirror.pool, mirror.tenant_id, project_id) as connection:
        await mint_fence(connection, project_id, uuid4(), "a daemon that was killed")
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
        pass
    async with in_project(mirror.pool, mirror.tenant_id, project_id) as connection:
        event = await connection.fetchrow("select action, previous_holder from lock_events order by at limit 1")
    assert event is not None
    assert tuple(event) == ("expire_takeover", "a daemon that was killed")


async def test_a_lease_of_a_clock_that_jumped_is_cut_and_remembered(
    mirror: Mirror, project_id: ProjectId, redis_server: RedisServer
) -> None:
    async with open_redis_client(redis_server.url) as redis:
        long = ProjectLocks(redis, Identity("jumped", "localhost"), lease_seconds=3600)
        assert await long.acquire(project_id, uuid4(), reason="poll", kind="sync") is None
        with pytest.raises(Busy):
            async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
                pytest.fail("two held the project")
        assert (await list_holders(redis, [project_id]))[project_id].left_seconds == pytest.approx(
            LEASE_SECONDS, abs=LEASE_SECONDS
        )
    async with in_project(mirror.pool, mirror.tenant_id, project_id) as connection:
        event = await connection.fetchrow("select action, actor, previous_holder from lock_events")
    assert event is not None
    assert tuple(event) == ("clamp", "tester", "jumped")


async def test_a_history_that_cannot_be_written_hinders_nobody(
    mirror: Mirror, project_id: ProjectId, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        open_pool(database.sync_url, size=1) as pool,
        holding(replace(mirror.locking, pool=pool), mirror.tenant_id, project_id, reason="poll"),
    ):
        pool.terminate()
    assert [record.message for record in caplog.records] == ["lock not given back"]
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
        pass
