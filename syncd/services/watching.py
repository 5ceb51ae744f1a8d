"""Watches the folders of folder projects: a change is a hint that the project is due, nothing more."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from syncd.adapters.folder.watching import watch_folder
from syncd.core.ids import ProjectId, TenantId
from syncd.core.projects import Project


class FolderWatches:
    """One watcher for each folder project that the loop has looked at. Its tasks belong to *group*."""

    def __init__(
        self, group: asyncio.TaskGroup, *, excluded: Sequence[Path], wake: asyncio.Event, stop: asyncio.Event
    ) -> None:
        self._group = group
        self._excluded = excluded
        self._wake = wake
        self._stop = stop
        self._watchers: dict[ProjectId, asyncio.Task[None]] = {}
        self._changed: set[tuple[TenantId, ProjectId]] = set()

    def watch(self, project: Project) -> None:
        """Begin to watch *project*, if it is a folder that is not watched yet."""
        if project.folder is not None and project.project_id not in self._watchers:
            task = self._group.create_task(self._run(project, Path(project.folder)))
            self._watchers[project.project_id] = task

    def forget(self, project_id: ProjectId) -> None:
        """End the watch of a project that is gone."""
        watcher = self._watchers.pop(project_id, None)
        if watcher is not None:
            watcher.cancel()

    def take_changed(self) -> set[tuple[TenantId, ProjectId]]:
        """Return the projects whose folders may have changed since this was asked last."""
        changed, self._changed = self._changed, set()
        return changed

    def put_back(self, changed: set[tuple[TenantId, ProjectId]]) -> None:
        """Remember *changed* until it is asked again: nobody could be told."""
        self._changed |= changed

    async def _run(self, project: Project, folder: Path) -> None:
        async for _ in watch_folder(folder, excluded=self._excluded, stop=self._stop):
            self._changed.add((project.tenant_id, project.project_id))
            self._wake.set()
