"""Opens the source of a project: its folder, or its repository with the credential that may serve it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from syncd.adapters.encryption import KeyRing
from syncd.adapters.folder.hash_cache import HashCache
from syncd.adapters.folder.source import FolderSource
from syncd.adapters.github.app import GitHubApp
from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.source import GitHubSource
from syncd.adapters.postgres.connections import Pool
from syncd.core.budgets import Rules
from syncd.core.ids import ProjectId
from syncd.core.paths import make_path_filter
from syncd.core.projects import Project
from syncd.core.sources import Source
from syncd.errors import Stalled
from syncd.services.budgets import Budgets
from syncd.services.clients import Clients
from syncd.services.credentials import Credentials, ServerCredentials

FOLDER_THREADS = 4


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """Where GitHub is, the server's own token, and its App.

    The token serves only *token_tenants*, since it may read their private repositories; the App only tenants that an
    installation is bound to.
    """

    api_url: str
    token: str | None = field(repr=False)
    token_tenants: Sequence[str]
    app: GitHubApp | None = None

    def find_token(self, tenant_name: str) -> str | None:
        """Return the server's own token if it serves this tenant."""
        return self.token if tenant_name in self.token_tenants else None


@dataclass(frozen=True, slots=True)
class FolderAccess:
    """Where folders may lie (*roots* none: anywhere), and what below them is never entered."""

    roots: Sequence[Path] | None
    excluded: Sequence[Path]


class Sources:
    """Opens sources. What it keeps between looks (hashes of unchanged files, connections) makes an unchanged one cheap."""

    def __init__(
        self,
        pool: Pool,
        *,
        github: GitHubAccess,
        folders: FolderAccess,
        key_ring: KeyRing | None,
        max_bytes: int,
        budgets: Budgets | None = None,
    ) -> None:
        """*budgets* none: this process counts alone what GitHub allows."""
        self._folders = folders
        self._max_bytes = max_bytes
        self._budgets = budgets or Budgets(None, Rules(), clock=time.time)
        server = ServerCredentials(api_url=github.api_url, find_token=github.find_token, app=github.app)
        self._credentials = Credentials(pool, server, key_ring=key_ring, clock=lambda: datetime.now(UTC))
        self._clients = Clients(api_url=github.api_url, budgets=self._budgets)
        self._caches: dict[ProjectId, HashCache] = {}
        self._executor = ThreadPoolExecutor(FOLDER_THREADS, thread_name_prefix="folder")
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._stack.callback(self._executor.shutdown, cancel_futures=True)
        await self._stack.enter_async_context(self._clients)
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def open(self, project: Project) -> AsyncIterator[Source]:
        """Open the source of *project* for one look. Raises `Stalled` when it may not be read."""
        if project.folder is not None:
            folder = await asyncio.to_thread(_resolve, Path(project.folder), self._folders.roots)
            yield self._open_folder(project, folder)
        else:
            async with self._open_repository(project, project.repository or "") as source:
                yield source

    @asynccontextmanager
    async def open_telling(self, project: Project) -> AsyncIterator[GitHubClient]:
        """Open what tells GitHub the status of commits of *project*. Raises `Stalled` where nothing may."""
        credential = await self._credentials.find(project, tells=True)
        async with self._clients.open(credential) as client:
            yield client

    def _open_folder(self, project: Project, folder: Path) -> FolderSource:
        wanted = make_path_filter(include=project.include, exclude=project.exclude)
        return FolderSource(
            folder,
            matches=wanted.matches,
            max_bytes=self._max_bytes,
            docs_path=project.docs_path,
            excluded=self._folders.excluded,
            cache=self._caches.setdefault(project.project_id, HashCache()),
            executor=self._executor,
        )

    @asynccontextmanager
    async def _open_repository(self, project: Project, repository: str) -> AsyncIterator[GitHubSource]:
        credential = await self._credentials.find(project)
        await self._budgets.mark_used(project.project_id, credential)
        async with self._clients.open(credential) as client:
            try:
                yield GitHubSource(
                    client,
                    repository,
                    repository_id=project.repository_id,
                    branch=project.branch,
                    docs_path=project.docs_path,
                    blob_max_bytes=self._max_bytes,
                )
            except Stalled as error:
                if error.code == "credential_refused":
                    self._credentials.forget(credential)
                raise


def _resolve(folder: Path, roots: Sequence[Path] | None) -> Path:
    """Return where *folder* really is. It was added below a root, and may have become a link out of it since: then `Stalled`."""
    resolved = folder.resolve()
    if roots is not None and not any(resolved.is_relative_to(root.resolve()) for root in roots):
        raise Stalled(
            "folder_not_allowed",
            f"{folder} is not below a folder that this daemon may mirror.",
            hint="Name its root in SYNCD_FOLDER_ROOTS and start the daemon again.",
        )
    return resolved
