"""What happens to a tenant's projects, as one numbered stream that all its readers in this process share.

A feed looks when it is told that something changed, and every few seconds anyway. A reader keeps nothing but the number of
the last event that it has: who is too far behind, or comes with the number of another stream, begins anew with everything.
"""

import asyncio
import json
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from secrets import token_hex
from typing import TypeAlias
from uuid import UUID

from syncd.adapters.beside import raising_first
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.listening import listen
from syncd.adapters.redis.listening import listen_to_projects
from syncd.adapters.redis.locks import RedisClient
from syncd.core.events import Change, Shown, is_news, list_project_changes, list_removals
from syncd.core.ids import ProjectId, TenantId
from syncd.errors import RateLimited, RetryLater, Unreachable
from syncd.services.budgets import Budgets
from syncd.services.status import LEASE_SECONDS, Status, get_status
from syncd.services.status_document import describe_projects, describe_servers, describe_trouble

log = logging.getLogger("syncd.feeds")

CHANNEL = "syncd_status"
EVENTS_KEPT = 2000
LOOK_SECONDS = 5.0  # looks at everything so often, whatever it is told
PAUSE_SECONDS = 0.25  # between two looks: what happens in a burst, as in a short sync, is told to each reader at once
LINGER_SECONDS = 60.0  # a feed outlives its last reader, who may come back for what it missed

Look: TypeAlias = Callable[[TenantId, Collection[ProjectId] | None], Awaitable[Status]]


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is sent. *project_id* is none for what is of no project."""

    number: int
    kind: str
    project_id: str | None
    text: str


class Feed:
    """The stream of one tenant."""

    def __init__(self, tenant_id: TenantId, look: Look, *, github_url: str) -> None:
        self.name = token_hex(6)
        self.number = 0
        self.version = 0  # of everything: it moves with each look, also where nothing is news
        self.readers = 0
        self.looked = asyncio.Event()
        self._tenant_id = tenant_id
        self._look = look
        self._github_url = github_url
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._servers: Shown | None = None
        self._projects: dict[str, Shown] = {}
        self._texts: dict[str, str] = {}
        self._hinted: set[ProjectId] = set()
        self._wants_all = True
        self._wake = asyncio.Event()
        self._news = asyncio.Event()

    def hint(self, project_id: ProjectId | None) -> None:
        """Look at a project soon; none: at everything."""
        if project_id is None:
            self._wants_all = True
        else:
            self._hinted.add(project_id)
        self._wake.set()

    def knows(self, project_id: ProjectId) -> bool:
        """Return whether the project was among the tenant's at the last look."""
        return str(project_id) in self._projects

    def list_since(self, number: int) -> Sequence[Event] | None:
        """Return the events after *number*; none where they are not kept any more."""
        missing = self.number - number
        if missing < 0 or missing > len(self._events):
            return None
        return [self._events[index] for index in range(len(self._events) - missing, len(self._events))]

    def list_everything(self) -> Sequence[Event]:
        """Return how everything stands, as the events that would lead there from nothing."""
        found = [self._make_event("servers", None, self._encode_servers())]
        for project_id, shown in self._projects.items():
            text = self._texts.get(project_id)
            if text is None:
                text = self._texts[project_id] = _encode(shown)
            found.append(self._make_event("project", project_id, text))
        return found

    async def wait(self, number: int, *, seconds: float) -> None:
        """Return when there is an event after *number*, or after *seconds*."""
        news = self._news
        if self.number != number:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await news.wait()

    async def run(self) -> None:
        """Look again and again, until nobody has read for a while."""
        loop = asyncio.get_running_loop()
        last_read = whole_at = loop.time()
        while self.readers or loop.time() - last_read < LINGER_SECONDS:
            if self.readers:
                last_read = loop.time()
            if self._wants_all or loop.time() - whole_at >= LOOK_SECONDS:
                self._wants_all, whole_at = True, loop.time()
            await self._look_once()
            self.looked.set()
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                # Not `wait_for`, which on Python 3.11 forgets a cancellation that comes with the wake-up (python/cpython#86296).
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                self._wants_all = True

    async def _look_once(self) -> None:
        self._wake.clear()
        wants_all, hinted = self._wants_all, frozenset(self._hinted)
        self._wants_all = False
        self._hinted.clear()
        if not wants_all and not hinted:
            return
        try:
            status = await self._look(self._tenant_id, None if wants_all else hinted)
        except Unreachable as error:
            self._wants_all = True
            self._tell_servers({**(self._servers or {}), "postgres": describe_trouble(error)})
        except Exception:
            log.exception("a feed failed to look")
            self._wants_all = True
        else:
            self._tell(status, hinted=None if wants_all else hinted)
        self.version += 1

    def _tell(self, status: Status, *, hinted: Collection[ProjectId] | None) -> None:
        after = {str(shown["id"]): shown for shown in describe_projects(status, github_url=self._github_url)}
        looked_at = self._projects
        if hinted is not None:
            asked = {str(project_id) for project_id in hinted}
            looked_at = {key: shown for key, shown in self._projects.items() if key in asked}
        for change in chain(list_project_changes(self._projects, after), list_removals(looked_at, after)):
            self._apply(change, after)
            self._add(change.kind, change.project_id, _encode(change.body))
        if hinted is None:
            self._tell_servers(describe_servers(status))

    def _apply(self, change: Change, after: Mapping[str, Shown]) -> None:
        assert change.project_id is not None  # noqa: S101 - only the servers have none
        self._texts.pop(change.project_id, None)
        if change.kind == "removed":
            del self._projects[change.project_id]
        else:
            self._projects[change.project_id] = after[change.project_id]

    def _tell_servers(self, servers: Shown) -> None:
        before, self._servers = self._servers, servers
        if is_news(before, servers):
            self._add("servers", None, self._encode_servers())

    def _encode_servers(self) -> str:
        return _encode(self._servers or {})

    def _add(self, kind: str, project_id: str | None, text: str) -> None:
        self.number += 1
        self._events.append(self._make_event(kind, project_id, text))
        self.ring()

    def ring(self) -> None:
        """Wake all who wait."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _make_event(self, kind: str, project_id: str | None, text: str) -> Event:
        return Event(self.number, kind, project_id, text)


@dataclass(frozen=True, slots=True)
class ReaderBounds:
    """How many may read at once: in this process, and on account of one caller."""

    total: int
    per_caller: int


class Feeds:
    """The feeds of this process, one for each tenant that has readers."""

    def __init__(self, look: Look, group: asyncio.TaskGroup, *, bounds: ReaderBounds, github_url: str) -> None:
        self.closing = False
        self.readers = 0
        self._by_subject: Counter[str] = Counter()
        self._look = look
        self._group = group
        self._bounds = bounds
        self._github_url = github_url
        self._feeds: dict[TenantId, Feed] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def reading(self, tenant_id: TenantId, subject: str) -> AsyncIterator[Feed]:
        """Read the feed of a tenant for as long as the body runs, on account of *subject*.

        Raises `RetryLater` when too many do, `RateLimited` when *subject* does too often.
        """
        if self._by_subject[subject] >= self._bounds.per_caller:
            raise RateLimited(
                "too_many_streams",
                f"You follow the status {self._by_subject[subject]} times already.",
                hint="Close some of them; SYNCD_EVENT_READERS_PER_CALLER is how many there may be.",
                after_seconds=30,
            )
        if self.readers >= self._bounds.total:
            raise RetryLater(
                "too_many_readers",
                f"{self.readers} readers follow the status already.",
                hint="Try again later, or raise SYNCD_EVENT_READERS.",
                after_seconds=30,
            )
        feed = self._feeds.get(tenant_id) or self._open(tenant_id)
        self.readers += 1
        self._by_subject[subject] += 1
        feed.readers += 1
        try:
            yield feed
        finally:
            feed.readers -= 1
            self.readers -= 1
            self._by_subject[subject] -= 1
            if not self._by_subject[subject]:
                del self._by_subject[subject]

    def hint(self, tenant_id: TenantId | None, project_id: ProjectId | None) -> None:
        """Let feeds look soon: that of a tenant, or those that know the project; without both, all."""
        for owner, feed in self._feeds.items():
            if tenant_id is None:
                if project_id is None or feed.knows(project_id):
                    feed.hint(project_id)
            elif owner == tenant_id:
                feed.hint(project_id)

    def _open(self, tenant_id: TenantId) -> Feed:
        feed = self._feeds[tenant_id] = Feed(tenant_id, self._look, github_url=self._github_url)
        task = self._group.create_task(feed.run())
        self._tasks.add(task)

        def forget(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            del self._feeds[tenant_id]

        task.add_done_callback(forget)
        return feed

    def close(self) -> None:
        """Let all readers end."""
        self.closing = True
        for feed in self._feeds.values():
            feed.ring()

    def list_tasks(self) -> Sequence[asyncio.Task[None]]:
        """Return what runs: a task for each feed."""
        return tuple(self._tasks)

    def cancel(self) -> None:
        """End the feeds."""
        for task in self._tasks:
            task.cancel()


@dataclass(frozen=True, slots=True)
class Watched:
    """What feeds look at and listen to. *url*: of the login of *pool*, for a connection of its own."""

    pool: Pool
    redis: RedisClient
    url: str
    clock: Callable[[], datetime]
    budgets: Budgets | None = None
    lease_seconds: float = LEASE_SECONDS


@asynccontextmanager
async def open_feeds(watched: Watched, *, bounds: ReaderBounds, github_url: str) -> AsyncIterator[Feeds]:
    """Open the feeds of this process for as long as the body runs."""

    async def look(tenant_id: TenantId, project_ids: Collection[ProjectId] | None) -> Status:
        return await get_status(
            watched.pool,
            watched.redis,
            tenant_id,
            project_ids=project_ids,
            now=watched.clock(),
            own=watched.budgets,
            lease_seconds=watched.lease_seconds,
        )

    with raising_first():
        async with asyncio.TaskGroup() as group:
            feeds = Feeds(look, group, bounds=bounds, github_url=github_url)
            listening = [
                group.create_task(listen(watched.url, CHANNEL, lambda payload: feeds.hint(*_parse_notice(payload)))),
                group.create_task(listen_to_projects(watched.redis, lambda project_id: feeds.hint(None, project_id))),
            ]
            try:
                yield feeds
            finally:
                feeds.cancel()
                for task in listening:
                    task.cancel()


def _parse_notice(payload: str) -> tuple[TenantId | None, ProjectId | None]:
    """Return whose project changed; none of both where everything is to be looked at."""
    tenant_id, _, project_id = payload.partition(":")
    return (TenantId(UUID(tenant_id)), ProjectId(UUID(project_id))) if project_id else (None, None)


def _encode(body: Shown) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
