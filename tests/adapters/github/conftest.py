"""A fake GitHub with one repository, and the real adapter on it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncd.adapters.github.client import GitHubClient, open_github_client
from syncd.adapters.github.source import GitHubSource
from syncd.core.sources import DocsTree, TreeEntry
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github

TOKEN = "ghp_canary0123456789"
NAME = "acme/handbook"


@dataclass(frozen=True, slots=True)
class Hosted:
    """A repository at the fake, the client that asks with TOKEN, and the git behind it."""

    fake: FakeGitHub
    git: GitRepository
    repository: HostedRepository
    client: GitHubClient

    def open_source(
        self,
        *,
        known: bool = True,
        branch: str | None = None,
        docs_path: str | None = None,
        blob_max_bytes: int = 1 << 20,
    ) -> GitHubSource:
        """Return a source of the repository, whose number is *known* from an earlier look."""
        return GitHubSource(
            self.client,
            NAME,
            repository_id=self.repository.number if known else None,
            branch=branch,
            docs_path=docs_path,
            blob_max_bytes=blob_max_bytes,
        )

    def paths(self) -> list[str]:
        """Return what was asked below the repository, with the query."""
        base = f"/repositories/{self.repository.number}"
        return [
            request.path.removeprefix(base) + (f"?{request.query}" if request.query else "")
            for request in self.fake.requests
        ]


@pytest.fixture
async def hosted(tmp_path: Path) -> AsyncIterator[Hosted]:
    git = GitRepository.create(tmp_path / "handbook.git")
    git.add_commit(
        {
            "README.md": b"# Handbook\n",
            "docs/index.md": b"# Start\n",
            "docs/deep/page.md": b"deep\n",
            "src/a.py": b"a\n",
        }
    )
    async with open_fake_github() as fake:
        fake.add_token(TOKEN)
        repository = await fake.add_repository(NAME, git)
        async with open_github_client(api_url=fake.url, token=TOKEN) as client:
            yield Hosted(fake, git, repository, client)


async def gather(source: GitHubSource) -> tuple[DocsTree, list[TreeEntry]]:
    """Return the docs tree of the head and what it lists."""
    head = await source.find_head(None)
    assert head
    tree = await source.get_docs_tree(head)
    return tree, list(await source.list_entries(tree))


async def mirror(source: GitHubSource) -> dict[str, bytes]:
    """Return the bytes of every file of the head's docs, by path."""
    _, entries = await gather(source)
    contents = {blob.git_sha: blob.content async for blob in source.read_blobs(entries)}
    return {entry.path: contents[entry.git_sha] for entry in entries if entry.git_sha in contents}
