"""A repository at GitHub, the project that mirrors it, and the daemon's loop, stepped by hand: what the rows of the decision table tell."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.mirror import list_skipped
from syncd.adapters.postgres.transactions import in_project
from syncd.core.budgets import Rules
from syncd.core.documents import SkipReason
from syncd.core.projects import NewProject, Project
from syncd.services.budgets import Budgets
from syncd.services.sources import FolderAccess, GitHubAccess, Sources
from tests.databases import Database
from tests.fakegithub.callers import Caller
from tests.fakegithub.gitrepo import Files, GitRepository
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import Loop, fetch, open_loop
from tests.mirror import LIMITS, open_mirror

NAME = "acme/handbook"
TOKEN = "ghp_reader"
PAGES: Files = {"README.md": b"# Handbook\n", "docs/a.md": b"# A\n", "docs/deep/b.md": b"# B\n"}
DOCS = {"docs/a.md": b"# A\n", "docs/deep/b.md": b"# B\n"}


@dataclass(slots=True)
class Story:
    """A repository at GitHub, the project that mirrors it, and the daemon's loop, stepped by hand."""

    fake: FakeGitHub
    git: GitRepository
    repository: HostedRepository
    reader: Caller
    loop: Loop
    project: Project
    database: Database

    async def look(self, *, after_seconds: float = 1000) -> list[str]:
        """Let the daemon look once, *after_seconds*; return what it asked GitHub, below the repository."""
        self.fake.forget_requests()
        self.loop.clock.advance(after_seconds)
        assert len(await self.loop.step()) == 1
        base = f"/repositories/{self.repository.number}"
        return [request.path.removeprefix(base) for request in self.fake.requests]

    async def state(self) -> Project:
        """Return the project as it stands."""
        return await self.loop.get(self.project)

    async def condition(self) -> tuple[str, str | None]:
        """Return how the project stands, and why."""
        state = await self.state()
        return state.condition, state.reason

    async def documents(self) -> dict[str, bytes]:
        """Return what is stored."""
        return await self.loop.mirror.read_documents(self.project)

    async def skipped(self) -> dict[str, SkipReason]:
        """Return what is not mirrored, and why."""
        mirror = self.loop.mirror
        async with in_project(mirror.pool, mirror.tenant_id, self.project.project_id) as connection:
            return {file.path: file.reason for file in await list_skipped(connection, self.project.project_id)}

    async def last_run(self) -> asyncpg.Record:
        """Return the newest run."""
        rows = await fetch(
            self.database.migrator_url, "select * from syncd.sync_runs order by finished_at desc limit 1"
        )
        return rows[0]

    def commit(self, files: Files) -> str:
        """Push *files* on top of what is there."""
        return self.git.add_commit(files, keep=True)


@asynccontextmanager
async def open_story(database: Database, redis_server: RedisServer, directory: Path) -> AsyncIterator[Story]:
    """A project that was synced once, with the documents of DOCS."""
    git = GitRepository.create(directory / "handbook.git")
    git.add_commit(PAGES)
    async with (
        open_fake_github() as fake,
        open_mirror(database, redis_server) as mirror,
        open_loop(mirror, database.migrator_url, tells=False) as loop,
        Sources(
            mirror.pool,
            github=GitHubAccess(fake.url, TOKEN, ("acme",)),
            folders=FolderAccess(roots=(), excluded=()),
            key_ring=None,
            max_bytes=LIMITS.document_max_bytes,
            # A pause that GitHub asks for ends by the clock of the story.
            budgets=Budgets(None, Rules(points_per_second=1000), clock=lambda: loop.clock().timestamp()),
        ) as sources,
    ):
        loop.parts = replace(loop.parts, open_source=sources.open)
        reader = fake.add_token(TOKEN, reads=None)
        repository = await fake.add_repository(NAME, git)
        new = NewProject("handbook", "github", repository=NAME, repository_id=repository.number, branch="main")
        told = Story(fake, git, repository, reader, loop, await mirror.add_project(new), database)
        loop.clock.catch_up()
        await told.look()
        assert await told.documents() == DOCS
        yield told
