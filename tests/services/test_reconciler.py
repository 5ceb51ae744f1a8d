"""The loop: everything that is due is attended to, once at a time, within a bound, through outages, to a clean end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.queue import claim_due
from syncd.adapters.redis.locks import Identity, ProjectLocks, list_holders, open_redis_client
from syncd.core.projects import Project
from syncd.services import reconciler
from tests.databases import Database
from tests.loop import DEADLINE_SECONDS, Loop, fetch, open_loop
from tests.mirror import Mirror


@pytest_asyncio.fixture
async def loop(mirror: Mirror, database: Database) -> AsyncIterator[Loop]:
    async with open_loop(mirror, database.migrator_url) as opened:
        yield opened


class Turnstile:
    """Holds every look that comes until it is opened; tells how many wait."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[str] = asyncio.Queue()
        self.opened = asyncio.Event()

    async def pass_through(self, project: Project) -> None:
        self.arrived.put_nowait(project.name)
        await self.opened.wait()

    async def wait_for(self, count: int) -> list[str]:
        """Return the names of the next *count* looks, once they wait."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            return [await self.arrived.get() for _ in range(count)]


async def add_projects(loop: Loop, root: Path, *, count: int) -> list[Project]:
    projects = []
    for number in range(count):
        folder = root / f"p{number}"
        folder.mkdir()
        (folder / "a.md").write_text(f"# {number}\n")
        projects.append(await loop.add_folder(folder, name=f"p{number}"))
    return projects


async def is_requested(loop: Loop) -> bool:
    (row,) = await fetch_queue(loop)
    return row["requested_at"] is not None


async def is_at_rest(loop: Loop) -> bool:
    """Whether the next look is the next poll."""
    (row,) = await fetch_queue(loop)
    return bool(row["due_at"] > loop.clock() + timedelta(seconds=50)) and not loop.door.inside


async def wait_for_all(loop: Loop, projects: Sequence[Project]) -> None:
    for project in projects:
        await loop.wait_for_revision(project, 1)


async def test_what_is_due_is_synced(loop: Loop, tmp_path: Path) -> None:
    projects = await add_projects(loop, tmp_path, count=3)
    async with loop.running():
        await wait_for_all(loop, projects)


async def test_requests_during_a_run_cause_exactly_one_more(loop: Loop, tmp_path: Path) -> None:
    (project,) = await add_projects(loop, tmp_path, count=1)
    turnstile = Turnstile()
    loop.door.before = turnstile.pass_through

    async with loop.running():
        await turnstile.wait_for(1)
        await loop.wait_until(lambda: is_requested(loop))  # by the watch that has just been set up
        for _ in range(3):
            loop.clock.advance(0.1)
            await loop.request(project)
        turnstile.opened.set()
        await turnstile.wait_for(1)
        await loop.wait_until(lambda: is_at_rest(loop))
    assert loop.door.opened == ["p0", "p0"]


async def fetch_queue(loop: Loop) -> list[asyncpg.Record]:
    async with loop.mirror.pool.acquire() as connection:
        rows: list[asyncpg.Record] = await connection.fetch("select * from sync_queue order by due_at")
    return rows


async def test_no_more_projects_than_the_bound_are_looked_at_side_by_side(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    turnstile = Turnstile()
    async with open_loop(mirror, database.migrator_url, concurrency=2) as loop:
        projects = await add_projects(loop, tmp_path, count=6)
        loop.door.before = turnstile.pass_through
        async with loop.running():
            await turnstile.wait_for(2)
            turnstile.opened.set()
            await wait_for_all(loop, projects)
    assert loop.door.most_inside == 2


async def test_the_longest_due_comes_first_and_one_that_is_always_due_starves_nobody(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    async with open_loop(mirror, database.migrator_url, concurrency=1) as loop:
        projects = await add_projects(loop, tmp_path, count=4)
        for seconds, project in enumerate(reversed(projects)):
            loop.clock.advance(1)
            await fetch(
                database.migrator_url,
                "update syncd.sync_queue set due_at = $1 where project_id = $2",
                loop.clock() - timedelta(seconds=100 - seconds),
                project.project_id,
            )

        async def ask_again(project: Project) -> None:
            if project.name == "p3":
                loop.clock.advance(1)
                await loop.request(project)

        loop.door.before = ask_again
        async with loop.running():
            await wait_for_all(loop, projects)
    # p3 is due again as soon as it was looked at, and yet waits behind those that are due for longer.
    assert loop.door.opened[:4] == ["p3", "p2", "p1", "p0"]


async def test_two_daemons_share_the_work_and_never_sync_one_project_at_once(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    turnstile = Turnstile()
    async with (
        open_loop(mirror, database.migrator_url, concurrency=2) as one,
        open_loop(mirror, database.migrator_url, concurrency=2, tells=False) as two,
    ):
        two.door = one.door
        two.parts = one.parts  # their sources are one door, which sees two looks at one project
        projects = await add_projects(one, tmp_path, count=8)
        one.door.before = turnstile.pass_through
        async with one.running(), two.running():
            # Each loop looks at two side by side: four means that both work.
            assert len(set(await turnstile.wait_for(4))) == 4
            turnstile.opened.set()
            await wait_for_all(one, projects)
    assert one.door.most_inside == 4
    runs = await fetch(database.migrator_url, "select project_id from syncd.sync_runs")
    assert len(runs) == len(projects)


async def test_a_project_that_a_dead_daemon_claimed_comes_back(loop: Loop, tmp_path: Path) -> None:
    (project,) = await add_projects(loop, tmp_path, count=1)
    claim = "update sync_queue set due_at = $1"
    async with loop.mirror.pool.acquire() as connection:
        await connection.execute(claim, loop.clock() + timedelta(seconds=60))
    loop.clock.advance(60)
    async with loop.running():
        await loop.wait_for_revision(project, 1)


async def test_the_work_of_a_dead_daemon_moves_on_when_its_lease_has_ended(
    mirror: Mirror, database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    """The claim of a daemon that died is no longer than its lease: the next one waits for the lease alone."""
    async with (
        open_redis_client(redis_server.url) as redis,
        open_loop(mirror, database.migrator_url) as dead,
        open_loop(mirror, database.migrator_url, tells=False) as heir,
    ):
        (project,) = await add_projects(dead, tmp_path, count=1)
        locks = ProjectLocks(redis, Identity("a dead daemon", "elsewhere"), lease_seconds=dead.parts.claim_seconds)
        await claim_as(dead)
        assert await locks.acquire(project.project_id, uuid4(), reason="syncing", kind="sync") is None
        (holder,) = (await list_holders(redis, [project.project_id])).values()
        (row,) = await fetch_queue(dead)
        assert row["due_at"] <= holder.expires_at
        await locks.clear(project.project_id)  # the lease has ended
        heir.clock.catch_up()
        heir.clock.advance(dead.parts.claim_seconds)
        async with heir.running():
            await heir.wait_for_revision(project, 1)


async def claim_as(loop: Loop) -> None:
    """Claim what is due as the loop does, and die."""
    until = loop.clock() + timedelta(seconds=loop.parts.claim_seconds)
    async with loop.mirror.pool.acquire() as connection:
        assert await claim_due(connection, now=loop.clock(), until=until, limit=10)


async def test_the_claim_of_a_look_that_goes_on_is_kept(mirror: Mirror, database: Database, tmp_path: Path) -> None:
    turnstile = Turnstile()
    async with open_loop(mirror, database.migrator_url) as loop:
        await add_projects(loop, tmp_path, count=1)
        loop.door.before = turnstile.pass_through
        async with loop.running():
            await turnstile.wait_for(1)
            await fetch(database.migrator_url, "update syncd.sync_queue set requested_at = null")
            loop.clock.advance(20)
            loop.wake.set()

            async def is_kept() -> bool:
                (row,) = await fetch_queue(loop)
                return bool(row["due_at"] == loop.clock() + timedelta(seconds=loop.parts.claim_seconds))

            await loop.wait_until(is_kept)
            loop.clock.advance(20)  # past the first claim, and not past this one
            async with mirror.pool.acquire() as connection:
                assert not await claim_due(connection, now=loop.clock(), until=loop.clock(), limit=10)
            turnstile.opened.set()


async def test_an_edit_that_the_database_did_not_hear_of_is_told_again(
    loop: Loop, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project,) = await add_projects(loop, tmp_path, count=1)
    await loop.step()
    failed = asyncio.Event()
    monkeypatch.setattr(reconciler.log, "exception", lambda _message: failed.set())
    await fetch(database.migrator_url, "revoke update on syncd.sync_queue from syncd_sync")
    loop.parts.watches.put_back({(project.tenant_id, project.project_id)})
    async with loop.running():
        async with asyncio.timeout(DEADLINE_SECONDS):
            await failed.wait()
        await fetch(database.migrator_url, "grant update on syncd.sync_queue to syncd_sync")
        loop.wake.set()
        await loop.wait_until(lambda: is_requested(loop))


async def test_draining_lets_a_running_sync_end_and_begins_nothing_new(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    turnstile = Turnstile()
    async with open_loop(mirror, database.migrator_url, concurrency=1) as loop:
        projects = await add_projects(loop, tmp_path, count=2)
        loop.door.before = turnstile.pass_through
        async with loop.running():
            (name,) = await turnstile.wait_for(1)
            loop.stop.set()
            turnstile.opened.set()
    assert loop.door.opened == [name]
    assert {(await loop.get(project)).revision for project in projects if project.name == name} == {1}
    assert {(await loop.get(project)).revision for project in projects if project.name != name} == {0}


async def test_a_sync_that_outlasts_the_drain_is_cancelled_and_gives_its_lock_back(
    loop: Loop, redis_server: RedisServer, tmp_path: Path
) -> None:
    (project,) = await add_projects(loop, tmp_path, count=1)
    arrived = asyncio.Event()

    async def never_end() -> None:
        arrived.set()
        await asyncio.Event().wait()

    loop.door.before_listing = never_end
    async with open_redis_client(redis_server.url) as redis:
        async with loop.running(drain_seconds=0.01):
            async with asyncio.timeout(DEADLINE_SECONDS):
                await arrived.wait()
            assert project.project_id in await list_holders(redis, [project.project_id])
        assert await list_holders(redis, [project.project_id]) == {}
        again = ProjectLocks(redis, Identity("next", "here"), lease_seconds=30)
        assert await again.acquire(project.project_id, uuid4(), reason="test", kind="sync") is None
    assert (await loop.get(project)).revision == 0


async def test_the_loop_outlives_the_loss_of_every_connection(loop: Loop, database: Database, tmp_path: Path) -> None:
    (project,) = await add_projects(loop, tmp_path, count=1)
    turnstile = Turnstile()
    async with loop.running():
        await loop.wait_for_revision(project, 1)
        (tmp_path / "p0/b.md").write_text("# b\n")
        loop.door.before = turnstile.pass_through
        loop.clock.advance(100)
        loop.wake.set()
        await turnstile.wait_for(1)
        # In the middle of a look, with the listener of this test spared.
        await fetch(
            database.migrator_url,
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'test_sync' and datname = current_database()",
        )
        turnstile.opened.set()

        synced = "select revision, condition from syncd.projects"

        async def is_synced() -> bool:
            loop.clock.advance(1000)  # past whatever pause the loss may have caused
            loop.wake.set()
            return await fetch(database.migrator_url, synced) == [(2, "ready")]

        await loop.wait_until(is_synced)


async def test_an_edit_in_a_folder_makes_its_project_due(loop: Loop, tmp_path: Path) -> None:
    (project,) = await add_projects(loop, tmp_path, count=1)

    async def has_looked_again() -> bool:
        # Once for the project that was added, and once because its watch stands.
        return len(loop.door.opened) >= 2 and await is_at_rest(loop)

    async with loop.running():
        await loop.wait_until(has_looked_again)
        (tmp_path / "p0/b.md").write_text("# b\n")
        await loop.wait_for_revision(project, 2)
    assert set(await loop.mirror.read_documents(project)) == {"a.md", "b.md"}


async def test_what_one_daemon_claims_another_neither_sees_nor_waits_for(loop: Loop, tmp_path: Path) -> None:
    projects = await add_projects(loop, tmp_path, count=4)
    now = loop.clock()
    until = now + timedelta(seconds=60)
    pool = loop.mirror.pool
    async with asyncio.timeout(DEADLINE_SECONDS), pool.acquire() as one, pool.acquire() as two:
        async with one.transaction():
            first = await claim_due(one, now=now, until=until, limit=3)
            second = await claim_due(two, now=now, until=until, limit=3)
        third = await claim_due(two, now=now, until=until, limit=3)
    claimed = [due.project_id for due in (*first, *second)]
    assert (len(first), len(second), third) == (3, 1, [])
    assert set(claimed) == {project.project_id for project in projects}
