"""The reconcile loop on a test's own clock: projects of folders, a door to their sources that can fail or be held, and notices."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from syncd.adapters.folder.source import FolderSource
from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.projects import request_sync
from syncd.adapters.postgres.queue import claim_due
from syncd.adapters.postgres.transactions import writing
from syncd.core.paths import make_path_filter
from syncd.core.projects import Due, NewProject, Project
from syncd.core.schedule import Pace
from syncd.core.sources import DocsTree, Head, Source, SourceBlob, TreeEntry
from syncd.services.attending import Reconciling, attend
from syncd.services.reconciler import run_reconciler
from syncd.services.watching import FolderWatches
from tests.mirror import LIMITS, Mirror

DEADLINE_SECONDS = 5
POLL_SECONDS = 60.0
CHANNEL = "test_changes"
TRIGGERS = f"""
create function syncd.tell_test() returns trigger language plpgsql as
$$ begin perform pg_notify('{CHANNEL}', ''); return null; end $$;
create trigger tell_test after update or delete on syncd.sync_queue for each row execute function syncd.tell_test();
create trigger tell_test after update or delete on syncd.projects for each row execute function syncd.tell_test();
create trigger tell_test after insert on syncd.blobs for each statement execute function syncd.tell_test();
"""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self._now += timedelta(seconds=seconds)

    def catch_up(self) -> None:
        """Move on to the time of the database, which dates what is added."""
        self._now = max(self._now, datetime.now(UTC))


async def go_on(*_arguments: object) -> None:
    """Let it happen."""


class DoorSource(FolderSource):
    """A folder with a hook behind the head and one before the listing."""

    after_head: Callable[[], Awaitable[None]] = go_on
    before_listing: Callable[[], Awaitable[None]] = go_on
    after_blobs: tuple[int, Callable[[], Awaitable[None]]] = (-1, go_on)

    async def find_head(self, known_mark: str | None) -> Head | None:
        head = await super().find_head(known_mark)
        await self.after_head()
        return head

    async def list_entries(self, tree: DocsTree) -> Sequence[TreeEntry]:
        await self.before_listing()
        return await super().list_entries(tree)

    async def read_blobs(self, entries: Sequence[TreeEntry]) -> AsyncIterator[SourceBlob]:
        read = 0
        async for blob in super().read_blobs(entries):
            if read == self.after_blobs[0]:
                await self.after_blobs[1]()
            read += 1
            yield blob


def open_folder(project: Project) -> DoorSource:
    """Return the folder of *project*."""
    folder = Path(project.folder or "")
    return DoorSource(folder, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)


@dataclass(slots=True)
class Door:
    """Where the loop gets its sources. *before*, *after_head* and *before_listing* are awaited in each look; what they raise is the source's."""

    before: Callable[[Project], Awaitable[None]] = go_on
    after_head: Callable[[], Awaitable[None]] = go_on
    before_listing: Callable[[], Awaitable[None]] = go_on
    after_blobs: tuple[int, Callable[[], Awaitable[None]]] = (-1, go_on)
    failures: deque[Exception] = field(default_factory=deque)
    opened: list[str] = field(default_factory=list)
    inside: set[str] = field(default_factory=set)
    most_inside: int = 0

    @asynccontextmanager
    async def open(self, project: Project) -> AsyncIterator[Source]:
        """Open the folder of *project*."""
        assert project.name not in self.inside, "two looks at one project at once"
        self.opened.append(project.name)
        self.inside.add(project.name)
        self.most_inside = max(self.most_inside, len(self.inside))
        try:
            await self.before(project)
            if self.failures:
                raise self.failures.popleft()
            source = open_folder(project)
            source.after_head, source.before_listing = self.after_head, self.before_listing
            source.after_blobs = self.after_blobs
            yield source
        finally:
            self.inside.remove(project.name)


@dataclass(slots=True)
class Loop:
    """One loop over the tenant of *mirror*, stepped by hand or let run."""

    mirror: Mirror
    door: Door
    clock: Clock
    parts: Reconciling
    wake: asyncio.Event
    stop: asyncio.Event
    notices: asyncio.Event

    async def add_folder(self, folder: Path, *, name: str = "guide") -> Project:
        """Add a folder as a project; it is due at once."""
        folder.mkdir(exist_ok=True)
        added = await self.mirror.add_project(NewProject(name=name, source="folder", folder=str(folder)))
        self.clock.catch_up()
        return added

    async def step(self, *, limit: int = 100) -> Sequence[Due]:
        """Attend once to everything that is due now, one after the other; return what that was."""
        now = self.clock()
        async with self.parts.work.store.pool.acquire() as connection:
            found = await claim_due(connection, now=now, until=now + timedelta(seconds=60), limit=limit)
        for due in found:
            await attend(self.parts, due)
        return found

    async def request(self, project: Project) -> None:
        """Ask for a look, as people do."""
        async with writing(self.mirror.web_pool, self.mirror.tenant_id) as connection:
            assert await request_sync(connection, project.project_id, self.clock())
        self.wake.set()

    async def get(self, project: Project) -> Project:
        """Return the project as it stands."""
        return await self.mirror.get_project(project.project_id)

    async def wait_until(self, check: Callable[[], Awaitable[bool]]) -> None:
        """Return when *check* holds; it is asked again whenever the queue or a project changes."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                self.notices.clear()
                if await check():
                    return
                await self.notices.wait()

    async def wait_for_revision(self, project: Project, revision: int) -> None:
        """Return when *revision* is published."""

        async def is_published() -> bool:
            return (await self.get(project)).revision >= revision

        await self.wait_until(is_published)

    @asynccontextmanager
    async def running(self, *, drain_seconds: float = DEADLINE_SECONDS) -> AsyncIterator[None]:
        """Let the loop run beside the body; the end of the body stops and drains it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(run_reconciler(self.parts, wake=self.wake, stop=self.stop, drain_seconds=drain_seconds))
            try:
                yield
            finally:
                self.stop.set()


@asynccontextmanager
async def open_loop(
    mirror: Mirror, migrator_url: str, *, concurrency: int = 4, tells: bool = True
) -> AsyncIterator[Loop]:
    """Open a loop; *tells*: its database gets the triggers that `wait_until` hears (once for each database)."""
    clock, wake, stop, notices = Clock(), asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(open_connection(migrator_url))
        if tells:
            await listener.execute(TRIGGERS)
        await listener.add_listener(CHANNEL, lambda *_: notices.set())
        group = await stack.enter_async_context(asyncio.TaskGroup())
        stack.callback(stop.set)
        door = Door()
        parts = Reconciling(
            work=replace(mirror.work, clock=clock),
            locking=mirror.locking,
            open_source=door.open,
            watches=FolderWatches(group, excluded=(), wake=wake, stop=stop),
            pace=Pace(POLL_SECONDS),
            concurrency=concurrency,
        )
        yield Loop(mirror, door, clock, parts, wake, stop, notices)


async def fetch(url: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    """Ask the database as its superuser, whom no row policy binds."""
    connection = await asyncpg.connect(url)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
        return rows
    finally:
        await connection.close()


def write_pages(folder: Path, *names: str) -> None:
    """Write a page under each of *names*."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(f"# {name}\n\nThe page {name}.\n")


async def read_queue(loop: Loop, project: Project) -> tuple[float, int]:
    """Return in how many seconds of the loop's clock the project is due, and its failures in a row."""
    async with loop.mirror.pool.acquire() as connection:
        row = await connection.fetchrow("select * from sync_queue where project_id = $1", project.project_id)
    assert row
    return (row["due_at"] - loop.clock()).total_seconds(), row["failures"]


async def count_rows(url: str, column: str, value: object) -> dict[str, int]:
    """Return how many rows of each table have *value* in *column*, by the catalogue."""
    tables = await fetch(
        url,
        "select table_name from information_schema.columns where table_schema = 'syncd' and column_name = $1",
        column,
    )
    assert len(tables) > 5
    counted: dict[str, int] = {}
    for name in sorted(table["table_name"] for table in tables):
        counted[name] = (await fetch(url, f"select count(*) from syncd.{name} where {column} = $1", value))[0][0]  # noqa: S608 - a name of the catalogue
    return counted
