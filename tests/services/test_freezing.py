"""Freeze, unfreeze, force-release, history: Postgres decides at once, Redis is told, and nobody is locked out by Redis being away."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.postgres.connections import Connection, LeaseLost, Pool, open_connection, open_pool
from syncd.adapters.postgres.transactions import fenced, in_project
from syncd.adapters.redis.locks import ProjectLocks, RedisClient, list_holders, open_redis_client
from syncd.core.ids import ProjectId
from syncd.core.locks import Actor, Lock, LockEvent
from syncd.core.projects import NewProject
from syncd.errors import BadUsage, Busy, NotFound, Rejected
from syncd.services.freezing import LockDesk, force_release, freeze_project, get_lock, list_history, unfreeze_project
from syncd.services.locking import Locking, holding
from tests.databases import Database
from tests.mirror import IDENTITY, Mirror

ALICE = Actor("alice", is_admin=False)
BOB = Actor("bob", is_admin=False)
ADMIN = Actor("root", is_admin=True)


@pytest.fixture
def desk(mirror: Mirror, redis: RedisClient) -> LockDesk:
    return make_desk(mirror, redis, ALICE)


@pytest_asyncio.fixture
async def project_id(mirror: Mirror, tmp_path: Path) -> ProjectId:
    return (await mirror.add_project(NewProject(name="guide", source="folder", folder=str(tmp_path)))).project_id


def make_desk(mirror: Mirror, redis: RedisClient, actor: Actor) -> LockDesk:
    locks = ProjectLocks(redis, IDENTITY, lease_seconds=30)
    return LockDesk(mirror.web_pool, redis, locks, mirror.tenant_id, actor, 30, lambda: datetime.now(UTC))


async def list_actions(desk: LockDesk, project_id: ProjectId) -> list[str]:
    return [event.action for event in (await list_history(desk, project_id)).events]


async def is_due(mirror: Mirror, project_id: ProjectId) -> bool:
    async with in_project(mirror.pool, mirror.tenant_id, project_id) as connection:
        return bool(
            await connection.fetchval(
                "select requested_at is not null from sync_queue where project_id = $1", project_id
            )
        )


async def test_a_freeze_stops_the_next_sync_and_says_who_and_why(
    desk: LockDesk, mirror: Mirror, project_id: ProjectId, redis: RedisClient
) -> None:
    state = await freeze_project(desk, project_id, reason="  the\nrelease ")
    assert (state.lease.is_frozen, state.lease.frozen_by, state.lease.freeze_reason) == (True, "alice", "the release")
    with pytest.raises(Busy, match="frozen by alice: the release") as refused:
        async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
            pytest.fail("a frozen project was held")
    assert (refused.value.code, refused.value.exit_code) == ("project_frozen", 5)
    shown = (await list_holders(redis, [project_id]))[project_id]
    assert (shown.locked_by, shown.reason, shown.kind, shown.fence) == ("alice", "the release", "freeze", 1)
    assert (shown.expires_at, shown.left_seconds) == (None, None)


async def test_a_running_sync_cannot_write_after_a_freeze(
    desk: LockDesk, mirror: Mirror, project_id: ProjectId
) -> None:
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock:
        state = await freeze_project(desk, project_id, reason="incident")
        assert state.lease.fence == lock.fence + 1
        with pytest.raises(LeaseLost):
            async with fenced(mirror.pool, lock):
                pytest.fail("a frozen project was opened for writing")
    assert await list_actions(desk, project_id) == ["renew_lost", "freeze", "acquire"]
    (_, frozen, _) = (await list_history(desk, project_id)).events
    assert (frozen.actor, frozen.reason, frozen.fence, frozen.previous_holder) == ("alice", "incident", 2, "tester")


async def test_a_freeze_waits_for_the_write_that_runs_and_then_holds(
    desk: LockDesk, mirror: Mirror, project_id: ProjectId, database: Database
) -> None:
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock:
        async with fenced(mirror.pool, lock) as connection, open_connection(database.migrator_url) as superuser:
            freezing = asyncio.create_task(freeze_project(desk, project_id, reason="release"))
            pid = await connection.fetchval("select pg_backend_pid()")
            async with asyncio.timeout(5):
                while not await superuser.fetchval(
                    "select exists (select from pg_stat_activity where $1 = any(pg_blocking_pids(pid)))", pid
                ):
                    pass
            await connection.execute("update projects set documents = 7")
        assert (await freezing).lease.is_frozen
        with pytest.raises(LeaseLost):
            async with fenced(mirror.pool, lock):
                pytest.fail("it wrote after the freeze")
    assert (await mirror.get_project(project_id)).documents == 7


async def test_a_freeze_without_redis_holds(
    mirror: Mirror, desk: LockDesk, project_id: ProjectId, closed_port: int
) -> None:
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}/0") as away:
        without = make_desk(mirror, away, ALICE)
        assert (await freeze_project(without, project_id, reason="incident")).lease.is_frozen
        assert (await get_lock(without, project_id)).holder is None
    with pytest.raises(Busy, match="frozen by alice"):
        async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
            pytest.fail("a frozen project was held")


async def test_only_the_freezer_or_an_admin_lifts_or_changes_a_freeze(
    mirror: Mirror, redis: RedisClient, desk: LockDesk, project_id: ProjectId
) -> None:
    await freeze_project(desk, project_id, reason="release")
    bobs = make_desk(mirror, redis, BOB)
    for attempt in (unfreeze_project(bobs, project_id), freeze_project(bobs, project_id, reason="mine")):
        with pytest.raises(Busy, match="frozen by alice: release") as refused:
            await attempt
        assert refused.value.code == "freeze_not_yours"
    assert (await get_lock(bobs, project_id)).lease.frozen_by == "alice"
    await freeze_project(desk, project_id, reason="a longer release")
    assert not (await unfreeze_project(make_desk(mirror, redis, ADMIN), project_id)).lease.is_frozen
    assert await list_actions(desk, project_id) == ["unfreeze", "freeze", "freeze"]


async def test_unfreezing_lets_syncs_go_on_at_once(
    desk: LockDesk, mirror: Mirror, project_id: ProjectId, redis: RedisClient
) -> None:
    await freeze_project(desk, project_id, reason="release")
    assert not await is_due(mirror, project_id)
    state = await unfreeze_project(desk, project_id)
    assert (state.lease.is_frozen, state.holder) == (False, None)
    assert await is_due(mirror, project_id)
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock:
        assert lock.fence == 2


async def test_what_is_asked_twice_happens_once(desk: LockDesk, project_id: ProjectId) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    first = await freeze_project(desk, project_id, reason="release", until=until)
    second = await freeze_project(desk, project_id, reason="release", until=until)
    assert first.lease == second.lease
    await unfreeze_project(desk, project_id)
    await unfreeze_project(desk, project_id)
    assert await list_actions(desk, project_id) == ["unfreeze", "freeze"]


async def test_a_freeze_that_was_lifted_while_redis_was_away_hinders_nobody(
    mirror: Mirror, desk: LockDesk, project_id: ProjectId, closed_port: int, redis: RedisClient
) -> None:
    await freeze_project(desk, project_id, reason="release")
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}/0") as away:
        await unfreeze_project(make_desk(mirror, away, ALICE), project_id)
    assert (await list_holders(redis, [project_id]))[project_id].kind == "freeze"
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll"):
        assert (await list_holders(redis, [project_id]))[project_id].kind == "sync"


async def test_a_forced_holder_loses_its_write_and_the_next_one_begins_at_once(
    desk: LockDesk, mirror: Mirror, project_id: ProjectId, redis: RedisClient
) -> None:
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as stuck:
        assert (await get_lock(desk, project_id)).lease.holder == "tester"
        state = await force_release(desk, project_id, reason="stuck", expected_fence=stuck.fence)
        assert (state.lease.holder, state.holder) == (None, None)
        async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock:
            assert lock.fence == stuck.fence + 2
        with pytest.raises(LeaseLost):
            async with fenced(mirror.pool, stuck):
                pytest.fail("the forced holder wrote")
    assert await list_actions(desk, project_id) == ["renew_lost", "release", "acquire", "force_release", "acquire"]
    assert await is_due(mirror, project_id)


async def test_force_is_refused_when_the_holder_has_changed(
    desk: LockDesk, mirror: Mirror, project_id: ProjectId
) -> None:
    async with holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock:
        with pytest.raises(Rejected, match="fence of the project is 1 by now") as refused:
            await force_release(desk, project_id, reason="stuck", expected_fence=lock.fence - 1)
        assert refused.value.code == "fence_changed"
        async with fenced(mirror.pool, lock):  # no harm was done
            pass


async def test_force_lifts_no_freeze(desk: LockDesk, project_id: ProjectId) -> None:
    fence = (await freeze_project(desk, project_id, reason="release")).lease.fence
    with pytest.raises(Busy, match="frozen by alice: release"):
        await force_release(desk, project_id, reason="stuck", expected_fence=fence)
    assert (await get_lock(desk, project_id)).lease.is_frozen


async def test_the_history_is_paged_newest_first_without_gaps(desk: LockDesk, project_id: ProjectId) -> None:
    for turn in range(4):
        await freeze_project(desk, project_id, reason=f"turn {turn}")
        await unfreeze_project(desk, project_id)
    whole = (await list_history(desk, project_id)).events
    paged: list[LockEvent] = []
    cursor = None
    while True:
        page = await list_history(desk, project_id, cursor=cursor, limit=3)
        paged += page.events
        if (cursor := page.next_cursor) is None:
            break
    assert paged == list(whole)
    assert [event.at for event in paged] == sorted((event.at for event in paged), reverse=True)
    with pytest.raises(BadUsage, match="not one of this list"):
        await list_history(desk, project_id, cursor="nonsense")


@pytest.mark.parametrize("reason", ["", " \n\t", "x" * 501])
async def test_a_reason_is_needed_and_has_an_end(desk: LockDesk, project_id: ProjectId, reason: str) -> None:
    for attempt in (
        freeze_project(desk, project_id, reason=reason),
        force_release(desk, project_id, reason=reason, expected_fence=0),
    ):
        with pytest.raises(BadUsage):
            await attempt
    assert await list_actions(desk, project_id) == []


async def test_another_tenants_project_is_no_project(mirror: Mirror, desk: LockDesk, project_id: ProjectId) -> None:
    async with mirror.web_pool.acquire() as connection:
        other = await connection.fetchval("insert into tenants (name) values ('other') returning tenant_id")
    theirs = replace(desk, tenant_id=other)
    for attempt in (
        freeze_project(theirs, project_id, reason="x"),
        unfreeze_project(theirs, project_id),
        force_release(theirs, project_id, reason="x", expected_fence=0),
        get_lock(theirs, project_id),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert (await list_history(theirs, project_id)).events == []
    assert not (await get_lock(desk, project_id)).lease.is_frozen


async def test_a_freeze_waits_for_no_write_that_begins_after_it(
    desk: LockDesk, mirror: Mirror, project_id: ProjectId, database: Database
) -> None:
    """Row locks alone let writes that overlap pass it for ever."""
    async with (
        open_pool(database.sync_url, size=2) as pool,
        open_connection(database.migrator_url) as superuser,
        holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock,
    ):
        async with fenced(pool, lock) as connection:
            freezing = asyncio.create_task(freeze_project(desk, project_id, reason="release"))
            await wait_for_waiters(superuser, 1)
            later = asyncio.create_task(write_nothing(pool, lock))
            await wait_for_waiters(superuser, 2)
            # What runs goes on, also where a trigger asks for the fence again.
            await connection.execute("update projects set documents = 7 where project_id = $1", project_id)
        assert (await freezing).lease.is_frozen
        with pytest.raises(LeaseLost):
            await later
    assert (await mirror.get_project(project_id)).documents == 7


async def write_nothing(pool: Pool, lock: Lock) -> None:
    async with fenced(pool, lock):
        pass


async def wait_for_waiters(superuser: Connection, number: int) -> None:
    async with asyncio.timeout(5):
        while number > await superuser.fetchval(
            "select count(*) from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0"
        ):
            pass


@pytest.mark.parametrize("login", ["test_web", "test_sync"])
async def test_a_write_that_takes_too_long_is_said(
    desk: LockDesk, mirror: Mirror, project_id: ProjectId, database: Database, login: str
) -> None:
    async with open_connection(database.migrator_url) as superuser:
        name = await superuser.fetchval("select current_database()")
        await superuser.execute(f"alter role {login} in database {name} set lock_timeout = '50ms'")
    async with (
        open_pool(database.web_url, size=1) as web_pool,
        open_pool(database.sync_url, size=1) as sync_pool,
        holding(mirror.locking, mirror.tenant_id, project_id, reason="poll") as lock,
        fenced(mirror.pool, lock),
    ):
        await mirror.locking.locks.clear(project_id)
        freezing = freeze_project(replace(desk, pool=web_pool), project_id, reason="release")
        taking = take_and_give_back(replace(mirror.locking, pool=sync_pool), mirror, project_id)
        attempt, other = (freezing, taking) if login == "test_web" else (taking, freezing)
        other.close()
        with pytest.raises(Busy, match="is writing") as refused:
            await attempt
    assert refused.value.code == "project_writing"
    assert await list_actions(desk, project_id) == ["release", "acquire"]


async def take_and_give_back(locking: Locking, mirror: Mirror, project_id: ProjectId) -> None:
    async with holding(locking, mirror.tenant_id, project_id, reason="poll"):
        pass
