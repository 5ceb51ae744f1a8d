"""Opens the source of a project: its folder, or its repository with the token that is its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from syncd.adapters.encryption import KeyRing
from syncd.adapters.folder.hash_cache import HashCache
from syncd.adapters.folder.source import FolderSource
from syncd.adapters.github.client import GitHubClient, open_github_client
from syncd.adapters.github.source import GitHubSource
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.projects import get_credential
from syncd.adapters.postgres.tenants import get_tenant_name
from syncd.adapters.postgres.transactions import in_project
from syncd.core.ids import ProjectId
from syncd.core.paths import make_path_filter
from syncd.core.projects import Project
from syncd.core.sources import Source
from syncd.errors import Stalled

FOLDER_THREADS = 4


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """Where GitHub is, and the server's own token: it serves only *token_tenants*, since it may read their private repositories."""

    api_url: str
    token: str | None = field(repr=False)
    token_tenants: Sequence[str]

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
    ) -> None:
        self._pool = pool
        self._github = github
        self._folders = folders
        self._key_ring = key_ring
        self._max_bytes = max_bytes
        self._caches: dict[ProjectId, HashCache] = {}
        self._clients: dict[str | None, GitHubClient] = {}
        self._executor = ThreadPoolExecutor(FOLDER_THREADS, thread_name_prefix="folder")
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._stack.callback(self._executor.shutdown, cancel_futures=True)
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
            yield await self._open_repository(project, project.repository or "")

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

    async def _open_repository(self, project: Project, repository: str) -> GitHubSource:
        return GitHubSource(
            await self._get_client(await self._find_token(project)),
            repository,
            repository_id=project.repository_id,
            branch=project.branch,
            docs_path=project.docs_path,
            blob_max_bytes=self._max_bytes,
        )

    async def _find_token(self, project: Project) -> str | None:
        """Return the project's own token, else the server's if it serves this tenant."""
        async with in_project(self._pool, project.tenant_id, project.project_id) as connection:
            sealed = await get_credential(connection, project.project_id)
            tenant_name = await get_tenant_name(connection, project.tenant_id)
        if sealed is None:
            return self._github.find_token(tenant_name)
        if self._key_ring is None:
            raise Stalled(
                "master_keys_missing",
                "The project has a token of its own, and this daemon has no master key to read it.",
                hint="Set SYNCD_MASTER_KEYS as it was when the project was added, and start the daemon again.",
            )
        return self._key_ring.decrypt(
            sealed, tenant_id=project.tenant_id, project_id=project.project_id, column="credential"
        )

    async def _get_client(self, token: str | None) -> GitHubClient:
        """Return the client of a token; its connections are shared by all projects that have the same one."""
        async with self._opening:
            if token not in self._clients:
                opening = open_github_client(api_url=self._github.api_url, token=token)
                self._clients[token] = await self._stack.enter_async_context(opening)
            return self._clients[token]


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
