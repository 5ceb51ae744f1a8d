"""One poison file fails alone: everything else of its commit is synced, and every poison is mirrored or listed with its reason."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.mirror import list_skipped
from syncd.adapters.postgres.transactions import in_project
from syncd.core.documents import SkipReason
from syncd.core.projects import Project
from syncd.services.repositories import resolve_repository
from syncd.services.sources import FolderAccess, GitHubAccess, Sources
from syncd.services.sync import Limits
from tests.databases import Database
from tests.end_to_end.poison import CONTENTS, MAX_BYTES, PATHS
from tests.fakegithub.gitrepo import GitFile, GitRepository
from tests.fakegithub.server import open_fake_github
from tests.loop import Loop, open_loop
from tests.mirror import open_mirror

TOKEN = "ghp_canary0123456789"
NAME = "acme/poison"
GOOD = {f"docs/good/{name}.md": f"# {name}\n\nThe page {name}.\n".encode() for name in ("a", "m", "z")}
# A look at a commit of poison ends within this, or something in it takes for ever.
DEADLINE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ward:
    git: GitRepository
    loop: Loop
    project: Project

    async def sync(self) -> Project:
        await self.loop.request(self.project)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self.loop.step()
        return await self.loop.get(self.project)

    async def read_skipped(self) -> dict[str, SkipReason]:
        mirror = self.loop.mirror
        async with in_project(mirror.pool, mirror.tenant_id, self.project.project_id) as connection:
            return {file.path: file.reason for file in await list_skipped(connection, self.project.project_id)}


@pytest_asyncio.fixture
async def ward(database: Database, redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Ward]:
    git = GitRepository.create(tmp_path / "poison.git")
    git.add_commit(dict(GOOD))
    async with (
        open_fake_github() as fake,
        open_mirror(database, redis_server) as mirror,
        Sources(
            mirror.pool,
            github=GitHubAccess(fake.url, TOKEN, token_tenants=("acme",)),
            folders=FolderAccess(roots=None, excluded=()),
            key_ring=None,
            max_bytes=MAX_BYTES,
        ) as sources,
        open_loop(mirror, database.migrator_url) as loop,
    ):
        fake.add_token(TOKEN)
        await fake.add_repository(NAME, git)
        limits = Limits(document_max_bytes=MAX_BYTES, project_max_documents=1000)
        loop.parts = replace(loop.parts, work=replace(loop.parts.work, limits=limits), open_source=sources.open)
        project = await mirror.add_project(await resolve_repository(NAME, api_url=fake.url, token=TOKEN, name=None))
        loop.clock.catch_up()
        yield Ward(git, loop, project)


async def test_every_poison_is_mirrored_as_it_is_or_listed_with_its_reason(ward: Ward) -> None:
    poison = {f"docs/{name}": found for name, found in CONTENTS.items()} | PATHS
    assert len(poison) >= 80
    files = {path: content for path, (content, _) in poison.items()}
    ward.git.add_commit({**GOOD, **files})
    state = await ward.sync()
    assert (state.condition, state.reason) == ("ready", None)
    assert await ward.read_skipped() == {path: reason for path, (_, reason) in poison.items() if reason}
    assert await ward.loop.mirror.read_documents(ward.project) == GOOD | {
        path: content.content if isinstance(content, GitFile) else content
        for path, (content, reason) in poison.items()
        if reason is None
    }
    # And healed again: what was refused becomes a document.
    ward.git.add_commit({"docs/nul.md": b"# Healed\n", "docs/new\nline.md": None}, keep=True)
    healed = await ward.sync()
    assert (healed.condition, healed.documents, healed.skipped) == ("ready", state.documents + 1, state.skipped - 2)


async def test_names_that_only_a_hostile_tree_can_hold_are_refused_one_by_one(ward: Ward) -> None:
    git = ward.git
    page, other = git.add_blob(b"# A page\n"), git.add_blob(b"# Another\n")
    inner = git.add_tree([("100644", "x.md", page)])
    docs = git.add_tree(
        [
            ("100644", "good.md", page),
            ("040000", "..", inner),
            ("040000", ".", inner),
            ("100644", "twice.md", page),
            ("100644", "twice.md", other),
            ("100644", "caf\udce9.md", page),
            ("100644", "delete\x7f.md", page),
        ]
    )
    git.add_commit_of_tree(git.add_tree([("040000", "docs", docs)]))
    state = await ward.sync()
    assert (state.condition, state.documents) == ("ready", 1)
    assert await ward.loop.mirror.read_documents(ward.project) == {"docs/good.md": b"# A page\n"}
    assert await ward.read_skipped() == {
        "docs/../x.md": SkipReason.PATH_UNSAFE,
        "docs/./x.md": SkipReason.PATH_UNSAFE,
        "docs/twice.md": SkipReason.PATH_UNSAFE,
        "docs/caf\ufffd.md": SkipReason.PATH_NOT_UTF8,
        "docs/delete\x7f.md": SkipReason.PATH_UNSAFE,
    }
