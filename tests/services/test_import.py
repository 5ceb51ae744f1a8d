"""A repository comes into Postgres whole by every way, and an import that broke off goes on where it stopped."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.github.client import GitHubClient, open_github_client
from syncd.adapters.github.source import GitHubSource
from syncd.core.projects import NewProject, Project
from syncd.errors import RetryLater
from tests.databases import Database
from tests.fakegithub.faults import Answer, CutBody, Fault
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.mirror import Mirror, open_mirror

_NAME = "acme/handbook"
_TOKEN = "ghp_reader"


@dataclass(frozen=True, slots=True)
class Hosted:
    """A repository at the fake, and a project that mirrors it."""

    fake: FakeGitHub
    git: GitRepository
    repository: HostedRepository
    mirror: Mirror
    project: Project

    def open_source(self, client: GitHubClient) -> GitHubSource:
        return GitHubSource(client, _NAME, repository_id=self.repository.number, blob_max_bytes=64 * 1024)

    async def sync(self, source: GitHubSource) -> None:
        assert await self.mirror.sync(self.project, source)

    async def expect_whole(self) -> None:
        files = self.git.list_tree("main", "docs")
        assert await self.mirror.read_documents(self.project) == {path: file.content for path, file in files.items()}


@pytest_asyncio.fixture
async def hosted(database: Database, redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Hosted]:
    git = GitRepository.create(tmp_path / "handbook.git")
    async with open_fake_github() as fake, open_mirror(database, redis_server) as mirror:
        fake.add_token(_TOKEN)
        repository = await fake.add_repository(_NAME, git)
        new = NewProject(name="handbook", source="github", repository=_NAME, repository_id=repository.number)
        yield Hosted(fake, git, repository, mirror, await mirror.add_project(new))


def _make_documents(count: int, *, folder: str = "docs") -> dict[str, bytes]:
    return {f"{folder}/{number // 100}/{number}.md": b"# Document %d\n\ntext\n" % number for number in range(count)}


@pytest.mark.parametrize(("token", "requests"), [(_TOKEN, 9), (None, 6)])
async def test_an_import_is_whole_by_batches_and_by_archive(hosted: Hosted, token: str | None, requests: int) -> None:
    hosted.git.add_commit(_make_documents(310))
    async with open_github_client(api_url=hosted.fake.url, token=token) as client:
        source = hosted.open_source(client)
        await hosted.sync(source)
    await hosted.expect_whole()
    assert source.cost.requests == requests


async def test_an_import_that_is_refused_on_the_way_publishes_nothing_and_is_whole_the_next_time(
    hosted: Hosted,
) -> None:
    hosted.git.add_commit(_make_documents(310))
    hosted.fake.faults.add(Fault(on="^/graphql", effect=Answer(429), after=2))
    async with open_github_client(api_url=hosted.fake.url, token=_TOKEN) as client:
        with pytest.raises(RetryLater):
            await hosted.sync(hosted.open_source(client))
        assert await hosted.mirror.read_documents(hosted.project) == {}
        source = hosted.open_source(client)
        await hosted.sync(source)
    await hosted.expect_whole()
    assert source.cost.requests <= 9


async def test_an_import_beyond_the_hour_goes_on_in_the_next(hosted: Hosted) -> None:
    hosted.git.add_commit({**_make_documents(100), ".gitattributes": b"docs export-ignore\n"})
    async with open_github_client(api_url=hosted.fake.url) as client:
        with pytest.raises(RetryLater) as caught:
            await hosted.sync(hosted.open_source(client))
        assert caught.value.code == "rate_limited"
        hosted.fake.anonymous.used = 0  # an hour later
        await hosted.sync(hosted.open_source(client))
    await hosted.expect_whole()


async def test_what_an_archive_gave_before_it_broke_off_is_kept(hosted: Hosted) -> None:
    hosted.git.add_commit({path: f"# {Random(path).randbytes(80).hex()}\n".encode() for path in _make_documents(310)})
    hosted.fake.faults.add(Fault(on="^/_codeload/", effect=CutBody(keep_bytes=30_000)))
    async with open_github_client(api_url=hosted.fake.url) as client:
        for code in ("github_unreachable", None):
            source = hosted.open_source(client)
            if code:
                with pytest.raises(RetryLater):
                    await hosted.sync(source)
            else:
                await hosted.sync(source)
    await hosted.expect_whole()
