"""From the notices of syncs to the events of streams. A notice is a hint: what changed is read, from the last revision that was told."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

from mcp_server.streams import Streams
from syncd.adapters.beside import beside
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.listening import listen
from syncd.adapters.postgres.reading.changes import list_changes
from syncd.adapters.postgres.reading.limits import explaining_reads
from syncd.adapters.postgres.reading.projects import ReadableProject, list_projects
from syncd.adapters.postgres.transactions import reading
from syncd.core.ids import ProjectId, TenantId
from syncd.errors import SyncdError

CHANGES_CHANNEL = "syncd_changes"
RETRY_SECONDS = 2.0
MAX_CHANGES = 1_000

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NOTICE = re.compile(rf"(?P<project>{_UUID}):(?P<tenant>{_UUID}):(?P<revision>[0-9]{{1,9}})")

logger = logging.getLogger("mcp_server.feed")


class ChangeFeed:
    """Tells its *streams* of every revision that is published after they began, once, whatever notices were lost or doubled."""

    def __init__(self, pool: Pool, streams: Streams) -> None:
        self._pool = pool
        self.streams = streams
        self._wake = asyncio.Event()
        # Of whom to look at which projects; no projects: at all of them.
        self._due: dict[TenantId, dict[ProjectId, int] | None] = {}
        # The last revision that was told, of tenants with a stream.
        self._told: dict[TenantId, dict[ProjectId, int]] = {}

    def begin(self, tenant_id: TenantId, projects: Iterable[ReadableProject]) -> None:
        """Remember where a new stream of *tenant_id* begins; it must be among the streams already."""
        told = self._told.setdefault(tenant_id, {})
        for project in projects:
            told.setdefault(project.project_id, project.newest_revision)

    def leave(self, tenant_id: TenantId) -> None:
        """Forget what was told to a tenant whose last stream has ended."""
        if self.streams.count(tenant_id) == 0:
            self._told.pop(tenant_id, None)

    def hear(self, payload: str) -> None:
        """Take a notice `project:tenant:revision`; after any other one, empty after a reconnect, everything is looked at."""
        notice = _NOTICE.fullmatch(payload)
        if notice is None:
            self._due = dict.fromkeys(self.streams.tenants())
        else:
            tenant_id = TenantId(UUID(notice["tenant"]))
            if self.streams.count(tenant_id) == 0:
                return
            due = self._due.setdefault(tenant_id, {})
            if due is not None:
                due.setdefault(ProjectId(UUID(notice["project"])), int(notice["revision"]))
        self._wake.set()

    async def run(self) -> None:
        """Tell what is heard, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            due, self._due = self._due, {}
            try:
                for tenant_id, projects in due.items():
                    await self._tell(tenant_id, projects)
            except SyncdError as error:
                logger.warning("feed waits", extra={"code": error.code})
                await self._try_again()
            except Exception:  # the middleware of streams: whatever failed here must not end the reads of everybody
                logger.exception("feed_failed")
                await self._try_again()

    async def _try_again(self) -> None:
        await asyncio.sleep(RETRY_SECONDS)
        self.hear("")

    async def _tell(self, tenant_id: TenantId, due: Mapping[ProjectId, int] | None) -> None:
        if self.streams.count(tenant_id) == 0:
            return
        told = self._told.setdefault(tenant_id, {})
        with explaining_reads():
            async with reading(self._pool, tenant_id) as connection:
                for project in await list_projects(connection):
                    if due is not None and project.project_id not in due:
                        continue
                    newest = project.newest_revision
                    # Of a project that no stream began with, what the notice speaks of is new.
                    last = told.get(project.project_id, due[project.project_id] - 1 if due else 0)
                    if newest > last:
                        changes = await list_changes(
                            connection, project.project_id, (last, newest), limit=MAX_CHANGES + 1
                        )
                        self.streams.tell(tenant_id, project, changes, complete=len(changes) <= MAX_CHANGES)
                        told[project.project_id] = newest


@asynccontextmanager
async def open_feed(pool: Pool, url: str) -> AsyncIterator[ChangeFeed]:
    """Open a feed that listens on a connection of its own at *url*; at the end its streams end."""
    feed = ChangeFeed(pool, Streams())
    try:
        async with beside(listen(url, CHANGES_CHANNEL, feed.hear)), beside(feed.run()):
            yield feed
    finally:
        feed.streams.end_all()
