"""The campaign of kills: a daemon may be killed at any instant of a sync; readers see one whole commit, and the next daemon goes on.

Nothing in the daemon knows of a failpoint: it is killed (SIGKILL) by what stands between it and its servers.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.core.projects import Project
from syncd.services.projects import request_project_sync
from tests.databases import make_database
from tests.end_to_end.daemons import Watch, open_watch
from tests.end_to_end.failpoints import FULL, QUICK, Anywhere, AtMessage, AtRequest, Failpoint
from tests.end_to_end.history import History, list_documents
from tests.end_to_end.plant import Daemon, Plant, open_plant, running_daemon
from tests.end_to_end.wires import PostgresTalk, RedisTalk, Sighting, open_wire
from tests.fakegithub.faults import Fault, Silence

TRIP_SECONDS = 60
GO_ON_SECONDS = 60
PAGES = 12
MESSAGES = 270  # about so many sightings does a sync of the campaign make
LOOK = """
select p.synced_commit, p.revision, p.documents, array(
    select v.path || ' ' || b.git_sha
    from syncd.document_versions v
    join syncd.blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
    where v.project_id = p.project_id and v.revision_to is null
) as held
from syncd.projects p
"""
IS_QUIET = "select not exists (select from syncd.sync_queue where due_at < now() + interval '1 hour')"
STANDING = """
select v.path, v.document_id::text, v.version, coalesce(b.bytes, convert_to(b.text, 'UTF8')) as content
from syncd.document_versions v
join syncd.blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
where v.revision_to is null
"""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(slots=True)
class Campaign:
    """One project through many kills. The heir of one kill is the victim of the next."""

    plant: Plant
    watch: Watch
    project: Project | None = None
    random: Random = field(default_factory=lambda: Random(1))
    history: History = field(default_factory=History)
    wholes: dict[str | None, frozenset[str]] = field(default_factory=lambda: {None: frozenset()})
    revision: int = 0
    daemons: AsyncExitStack = field(default_factory=AsyncExitStack)
    daemon: Daemon | None = None
    failpoint: Failpoint | None = None
    tripped: asyncio.Event = field(default_factory=asyncio.Event)
    sightings: int = 0
    torn: list[str] = field(default_factory=list)
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    broken: str = ""

    async def witness(self, sighting: Sighting) -> bool:
        """Look at what readers see at this instant, and kill if it is the one."""
        if self.tripped.is_set():
            return False
        if self.failpoint is None:
            return True
        await self.look(f"at {sighting}")
        self.sightings += 1
        match self.failpoint:
            case AtMessage() as place if place.is_at(sighting):
                self.kill()
            case Anywhere() as place if self.sightings > place.choose(MESSAGES):
                self.kill()
            case _:
                pass
        return not self.tripped.is_set()

    async def look(self, when: str) -> None:
        """Note what is torn: documents that are not those of the commit that stands there, whole."""
        async with self.looking:
            row = await self.watch.connection.fetchrow(LOOK)
        if row and (
            frozenset(row["held"]) != self.wholes.get(row["synced_commit"]) or row["documents"] != len(row["held"])
        ):
            self.torn.append(f"{when}: {row['synced_commit']} {sorted(row['held'])}")

    def kill(self) -> None:
        """Kill the daemon; nothing that it said passes any more."""
        assert self.daemon
        self.daemon.process.kill()
        self.tripped.set()

    async def start(self) -> None:
        """Start a daemon, and let it come to the head: by itself, nobody asks for it."""
        self.tripped.clear()
        self.daemon = await self.daemons.enter_async_context(running_daemon(self.plant))
        if self.project is None:
            self.project = await self.plant.add_project()
        await self.watch.wait_until(self.is_at_head, seconds=GO_ON_SECONDS)

    async def end(self) -> None:
        """Collect the killed daemon."""
        assert self.daemon
        await self.daemon.process.wait()
        await self.daemons.aclose()

    async def is_at_head(self) -> bool:
        """Return whether the project is at its head and nothing is under way."""
        async with self.looking:
            commit = await self.watch.connection.fetchval("select synced_commit from syncd.projects")
            return bool(commit == self.plant.git.get_commit("main") and await self.watch.connection.fetchval(IS_QUIET))

    def push(self) -> str:
        """Edit some pages, add some, rename one, remove one; return the commit."""
        held = [path for path in self.history.shas if path.startswith("docs/")]
        number = self.random.randrange(10**9)
        files: dict[str, bytes | None] = {f"docs/{number}-{page}.md": write(number, page) for page in range(2)}
        files |= {f"docs/page-{self.random.randrange(PAGES)}.md": write(number, page) for page in range(5, 9)}
        leaving = [path for path in held if path not in files and "page" not in path]
        for path in leaving[:2]:
            files[path] = None
        if len(leaving) > 2:
            moved = self.plant.git.list_tree("main")[leaving[2]].content
            files |= {leaving[2]: None, f"docs/moved-{number}.md": moved}
        return self.note(self.plant.git.add_commit(files, keep=True))

    def note(self, commit: str) -> str:
        """Remember what git says of *commit*."""
        documents = list_documents(self.plant.git, commit)
        self.wholes[commit] = frozenset(f"{path} {sha}" for path, (sha, _) in documents.items())
        return commit

    async def kill_at(self, failpoint: Failpoint) -> None:
        """Let the daemon hear of the push, and kill it there; or where its sync ended before."""
        silences = self.plant.fake.faults
        silence = Silence(asyncio.Event())
        if isinstance(failpoint, AtRequest):
            silences.add(Fault(on=failpoint.route, effect=silence, after=failpoint.passed))
        if isinstance(failpoint, AtMessage) and failpoint.what == "renew":
            silences.add(Fault(on="/git/trees/", effect=silence))  # a sync that is long enough to be renewed
        self.sightings, self.failpoint = 0, failpoint
        assert self.project
        await request_project_sync(self.plant.shelf, self.project)
        async with asyncio.timeout(TRIP_SECONDS):
            if isinstance(failpoint, AtRequest):
                await silence.arrived.wait()
            elif isinstance(failpoint, Anywhere):
                await self.wait_for_trip_or_end()
            else:
                await self.tripped.wait()
        if not self.tripped.is_set():
            self.kill()
        await self.look("after the kill")
        self.failpoint = None
        silence.until.set()
        silences.clear()
        await self.end()

    async def wait_for_trip_or_end(self) -> None:
        """Return when the daemon was killed, or its sync ended before."""
        waiting = [
            asyncio.ensure_future(self.tripped.wait()),
            asyncio.ensure_future(self.watch.wait_until(self.is_at_head, seconds=TRIP_SECONDS)),
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def expect_exactly_one_step(self, commit: str) -> None:
        """Expect the documents of *commit* as git has them, one revision and one run for it, no version doubled, no lock left."""
        assert self.torn == []
        assert self.project
        rows = {row["path"]: row for row in await self.watch.connection.fetch(STANDING)}
        documents = list_documents(self.plant.git, commit)
        assert {path: row["content"] for path, row in rows.items()} == {
            path: content for path, (_, content) in documents.items()
        }
        self.history.move(
            {path: sha for path, (sha, _) in documents.items()},
            {path: (row["document_id"], row["version"]) for path, row in rows.items()},
        )
        look = await self.watch.connection.fetchrow(LOOK)
        assert look
        self.revision += 1
        assert look["revision"] == self.revision
        runs = await self.watch.connection.fetch(
            "select outcome from syncd.sync_runs where to_commit = $1 and outcome = 'changed'", commit
        )
        assert len(runs) == 1
        assert not await self.plant.is_locked(self.project)


def write(number: int, page: int) -> bytes:
    """Return a page of several chunks that no other page equals."""
    sections = "\n\n".join(f"## Part {part}\n\n{f'Words {number} of {page}. ' * 60}" for part in range(3))
    return f"# Page {page} of {number}\n\n{sections}\n".encode()


@asynccontextmanager
async def open_wired_plant(
    plant: Plant, campaign: Campaign, postgres: PostgresServer, redis_server: RedisServer
) -> AsyncIterator[Plant]:
    """Lead the daemons of *plant* to their servers over wires that *campaign* witnesses."""
    folder = parse_qs(urlsplit(postgres.url).query)["host"][0]
    secret = urlsplit(redis_server.url)
    async with (
        open_wire(Path(folder) / ".s.PGSQL.5432", PostgresTalk, campaign.witness) as postgres_port,
        open_wire(Path(unquote(secret.path)), RedisTalk, campaign.witness) as redis_port,
    ):

        def lead(url: str) -> str:
            parts = urlsplit(url)
            who = parts.netloc.rpartition("@")[0]
            return urlunsplit(parts._replace(netloc=f"{who}@127.0.0.1:{postgres_port}", query="sslmode=disable"))

        settings = plant.settings | {
            "SYNCD_SYNC_DATABASE_URL": lead(plant.settings["SYNCD_SYNC_DATABASE_URL"]),
            "SYNCD_REDIS_URL": f"redis://{secret.netloc.rpartition('@')[0]}@127.0.0.1:{redis_port}/0",
            "SYNCD_PARSE_WORKERS": "0",
            "SYNCD_POLL_SECONDS": "86400",
            "SYNCD_LEASE_SECONDS": "1",  # so that no heir waits long for the lease of the dead
            # The killed leave their places among the requests under way; they come back after 30 s (tests/core/test_budgets.py).
            "SYNCD_GITHUB_CONCURRENCY": "100",
        }
        yield replace(plant, settings=settings)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def campaign(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Campaign]:
    async with (
        make_database(postgres, template) as database,
        open_plant(database, redis_server, tmp_path_factory.mktemp("crashes")) as plant,
        open_watch(database) as watch,
    ):
        opened = Campaign(plant, watch)
        async with open_wired_plant(plant, opened, postgres, redis_server) as wired, opened.daemons:
            opened.plant = wired
            first = opened.note(wired.git.add_commit({f"docs/page-{page}.md": write(0, page) for page in range(PAGES)}))
            await opened.start()
            await opened.expect_exactly_one_step(first)
            yield opened


@pytest.mark.parametrize(
    "failpoint",
    [
        *(pytest.param(one, id=str(one)) for one in QUICK),
        *(pytest.param(one, id=str(one), marks=pytest.mark.full) for one in FULL),
    ],
)
async def test_a_daemon_killed_anywhere_leaves_one_whole_commit_and_the_next_one_goes_on(
    campaign: Campaign, failpoint: Failpoint
) -> None:
    assert not campaign.broken, "an earlier kill left what this one cannot build on"
    campaign.broken = str(failpoint)
    commit = campaign.push()
    await campaign.kill_at(failpoint)
    await campaign.start()
    await campaign.expect_exactly_one_step(commit)
    campaign.broken = ""
