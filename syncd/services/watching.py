"""Watches the folders of folder projects: a change makes the project due, nothing more."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from syncd.adapters.folder.watching import watch_folder
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.queue import request_due
from syncd.core.ids import ProjectId
from syncd.core.projects import Project


class FolderWatches:
    """One watcher for each folder project that the loop has looked at. Its tasks belong to *group*."""

    def __init__(
        self,
        pool: Pool,
        group: asyncio.TaskGroup,
        *,
        excluded: Sequence[Path],
        wake: asyncio.Event,
        stop: asyncio.Event,
        clock: Callable[[], datetime],
    ) -> None:
        self._pool = pool
        self._group = group
        self._excluded = excluded
        self._wake = wake
        self._stop = stop
        self._clock = clock
        self._watched: set[ProjectId] = set()

    def watch(self, project: Project) -> None:
        """Begin to watch *project*, if it is a folder that is not watched yet."""
        if project.folder is not None and project.project_id not in self._watched:
            self._watched.add(project.project_id)
            self._group.create_task(self._run(project, Path(project.folder)))

    async def _run(self, project: Project, folder: Path) -> None:
        async for _ in watch_folder(folder, excluded=self._excluded, stop=self._stop):
            async with self._pool.acquire() as connection:
                known = await request_due(connection, project.tenant_id, project.project_id, self._clock())
            if not known:
                return  # the project is gone
            self._wake.set()
