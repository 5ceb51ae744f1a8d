"""Two daemons as processes over one database and one Redis: they share the work, never one project, and one outlives the other."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import list_holders, open_redis_client
from syncd.core.locks import Holder
from syncd.core.projects import Project
from syncd.services.projects import create_project, request_project_sync
from syncd.services.repositories import resolve_repository
from tests.databases import Database
from tests.end_to_end.daemons import Watch, open_watch
from tests.end_to_end.plant import NAME, TOKEN, Plant, open_plant, running_daemon
from tests.fakegithub.faults import Fault, Silence

PROJECTS = 6
ALL_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Pair:
    """What two daemons work on."""

    plant: Plant
    watch: Watch
    projects: Sequence[Project]

    async def ask_for_all(self) -> str:
        """Push, and ask for every project; return the new head."""
        number = len(self.plant.git.list_commits("main"))
        head = self.plant.git.add_commit({"docs/a.md": f"# A {number}\n".encode()})
        for project in self.projects:
            await request_project_sync(self.plant.shelf, project)
        return head

    def hold_requests(self, count: int) -> list[Silence]:
        """Let GitHub hold back its answers to the next *count* listings."""
        silences = [Silence(asyncio.Event()) for _ in range(count)]
        for silence in silences:
            self.plant.fake.faults.add(Fault(on="recursive=1", effect=silence))
        return silences

    async def list_holders(self) -> list[Holder]:
        """Return who holds a lock now."""
        async with open_redis_client(self.plant.redis_url) as redis:
            return list((await list_holders(redis, [project.project_id for project in self.projects])).values())

    async def wait_for_head(self, commit: str) -> None:
        """Return when every project is at *commit* and none is under way."""
        await self.watch.wait_until(self._make_check(commit), seconds=ALL_SECONDS)

    def _make_check(self, commit: str) -> Callable[[], Awaitable[bool]]:
        async def is_done() -> bool:
            behind = "select count(*) from syncd.projects where synced_commit is distinct from $1"
            busy = "select count(*) from syncd.sync_queue where due_at < now() + interval '1 hour'"
            connection = self.watch.connection
            return not await connection.fetchval(behind, commit) and not await connection.fetchval(busy)

        return is_done


@pytest_asyncio.fixture
async def pair(database: Database, redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Pair]:
    async with open_plant(database, redis_server, tmp_path) as plant, open_watch(database) as watch:
        settings = plant.settings | {
            "SYNCD_SYNC_CONCURRENCY": "1",  # so that two syncs at once are those of two daemons
            "SYNCD_PARSE_WORKERS": "0",
            "SYNCD_POLL_SECONDS": "86400",
        }
        new = await resolve_repository(NAME, api_url=plant.fake.url, token=TOKEN, name=None)
        projects = [await create_project(plant.shelf, replace(new, name=f"docs-{n}")) for n in range(PROJECTS)]
        yield Pair(replace(plant, settings=settings), watch, projects)


async def wait_for(silences: Sequence[Silence]) -> None:
    async with asyncio.timeout(ALL_SECONDS):
        for silence in silences:
            await silence.arrived.wait()


async def test_two_daemons_work_side_by_side_on_different_projects_and_none_waits_for_ever(pair: Pair) -> None:
    async with running_daemon(pair.plant), running_daemon(pair.plant):
        await pair.wait_for_head(pair.plant.git.get_commit("main"))
        for _ in range(3):
            held = pair.hold_requests(2)
            head = await pair.ask_for_all()
            await wait_for(held)
            assert len({holder.locked_by for holder in await pair.list_holders()}) == 2
            for silence in held:
                silence.until.set()
            await pair.wait_for_head(head)
    runs = await pair.watch.connection.fetch(
        "select project_id, started_at, finished_at, fence, revision from syncd.sync_runs order by fence"
    )
    for project in pair.projects:
        mine = [run for run in runs if run["project_id"] == project.project_id]
        assert [run["revision"] for run in mine] == [1, 2, 3, 4]
        assert all(one["finished_at"] <= other["started_at"] for one, other in pairwise(mine))


async def test_what_a_killed_daemon_had_under_way_is_done_by_the_other(pair: Pair) -> None:
    # The lease of the dead is waited for; that of the living must not run out because the machine is busy.
    pair.plant.settings["SYNCD_LEASE_SECONDS"] = "3"
    async with running_daemon(pair.plant) as one, running_daemon(pair.plant) as other:
        await pair.wait_for_head(pair.plant.git.get_commit("main"))
        held = pair.hold_requests(2)
        head = await pair.ask_for_all()
        await wait_for(held)
        holders = await pair.list_holders()
        assert {str(daemon.process.pid) for daemon in (one, other)} == {h.locked_by.rpartition(":")[2] for h in holders}
        assert await one.end(signal.SIGKILL) == -signal.SIGKILL
        for silence in held:
            silence.until.set()
        await pair.wait_for_head(head)
        assert await pair.list_holders() == []
        assert other.process.returncode is None
