"""Tells GitHub how the docs of a pushed commit fare: beside the syncs, never in their way, and what is lost is counted.

The status follows from how the project stands, and what was told last is kept with the project: a status that is lost is
found missing at the next look, and none is told twice.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.statuses import post_commit_status
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.mirror import count_changes
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.projects import find_project_by_id, put_status_mark
from syncd.adapters.postgres.transactions import in_project
from syncd.core.commit_statuses import CommitStatus, make_commit_status
from syncd.core.ids import ProjectId, TenantId
from syncd.core.projects import Project
from syncd.errors import RetryLater, SyncdError

log = logging.getLogger("syncd.github")

WAITING_MOST = 1000
POST_SECONDS = 30.0
# A status that GitHub refuses is not asked for again until then: somebody has to give the token a permission first.
REFUSED_FOR = timedelta(hours=1)


class CommitStatuses:
    """The projects whose status may have to be told, in a bounded line, and what became of those that were."""

    def __init__(
        self,
        pool: Pool,
        *,
        open_client: Callable[[Project], AbstractAsyncContextManager[GitHubClient]],
        target_url: str | None,
        clock: Callable[[], datetime],
    ) -> None:
        """*target_url* is where who clicks on the status is led."""
        self._pool = pool
        self._open_client = open_client
        self._target_url = target_url
        self._clock = clock
        self._waiting: dict[ProjectId, TenantId] = {}
        self._refused: dict[ProjectId, tuple[str, datetime]] = {}
        self._wake = asyncio.Event()
        self.told = 0
        self.lost = 0

    def put(self, tenant_id: TenantId, project_id: ProjectId) -> None:
        """Have a look at what is to be told of a project, soon. Never waits; where the line is full, it is lost."""
        if len(self._waiting) >= WAITING_MOST and project_id not in self._waiting:
            self._count_lost(project_id, "line_full")
            return
        self._waiting[project_id] = tenant_id
        self._wake.set()

    async def run(self) -> None:
        """Tell what is to be told, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.tell_waiting()

    async def tell_waiting(self) -> None:
        """Tell what is to be told of the projects in the line."""
        while self._waiting:
            project_id = next(iter(self._waiting))
            await self._attend(self._waiting.pop(project_id), project_id)

    async def _attend(self, tenant_id: TenantId, project_id: ProjectId) -> None:
        try:
            async with asyncio.timeout(POST_SECONDS):
                with explaining_outage():
                    await self._tell(tenant_id, project_id)
        except SyncdError as error:
            self._count_lost(project_id, error.code)
        except TimeoutError:
            self._count_lost(project_id, "timeout")
        except Exception:
            # No remark on a commit is worth the daemon.
            log.exception("commit status failed unexpectedly", extra={"project_id": str(project_id)})
            self._count_lost(project_id, "internal_error")

    async def _tell(self, tenant_id: TenantId, project_id: ProjectId) -> None:
        async with in_project(self._pool, tenant_id, project_id) as connection:
            project = await find_project_by_id(connection, project_id)
            if project is None or project.removed_at is not None:
                return
            changed = await count_changes(connection, project_id, project.synced_commit)
        status = make_commit_status(project, changed=changed)
        if status is None or status.mark == project.status_mark or self._was_refused(project_id, status):
            return
        try:
            await self._post(project, status)
        except RetryLater:
            raise
        except SyncdError:
            self._refused[project_id] = (status.mark, self._clock() + REFUSED_FOR)
            raise
        self._refused.pop(project_id, None)
        async with in_project(self._pool, tenant_id, project_id) as connection:
            await put_status_mark(connection, project_id, status.mark)
        self.told += 1

    async def _post(self, project: Project, status: CommitStatus) -> None:
        async with self._open_client(project) as client:
            await post_commit_status(
                client, project.repository_id or 0, status, target_url=self._target_url, name=project.origin
            )

    def _was_refused(self, project_id: ProjectId, status: CommitStatus) -> bool:
        mark, until = self._refused.get(project_id, ("", self._clock()))
        return mark == status.mark and self._clock() < until

    def _count_lost(self, project_id: ProjectId, code: str) -> None:
        self.lost += 1
        log.warning("commit status lost", extra={"project_id": str(project_id), "code": code, "lost": self.lost})
