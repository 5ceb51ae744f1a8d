"""A pushed commit is told about on GitHub: once, in no sync's way, and what is lost is found missing at the next look."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.core.projects import NewProject, Project
from syncd.services import commit_statuses
from syncd.services.commit_statuses import CommitStatuses
from syncd.services.sources import FolderAccess, GitHubAccess, Sources
from tests.databases import Database
from tests.fakegithub.callers import Caller
from tests.fakegithub.faults import Answer, Fault
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import Loop, fetch, open_loop
from tests.mirror import open_mirror

NAME = "acme/handbook"
TOKEN = "ghp_teller"
TARGET = "https://docs.acme.test/status"


@dataclass(slots=True)
class Scene:
    """A repository, the project that mirrors it and wants GitHub told, and the loop, stepped by hand."""

    fake: FakeGitHub
    git: GitRepository
    caller: Caller
    loop: Loop
    project: Project
    statuses: CommitStatuses
    database: Database

    async def look(self) -> None:
        """Look once, and tell what is to be told."""
        self.loop.clock.advance(1000)
        await self.loop.step()
        await self.statuses.tell_waiting()

    def told(self) -> list[tuple[str, str]]:
        """Return what stands beside commits, in order."""
        return [(status["state"], status["description"]) for status in self.fake.statuses]

    async def reason(self) -> str | None:
        return (await self.loop.get(self.project)).reason


@pytest_asyncio.fixture
async def scene(database: Database, redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Scene]:
    git = GitRepository.create(tmp_path / "handbook.git")
    git.add_commit({"docs/a.md": b"# A\n", "docs/b.bin.md": b"\x00"})
    async with (
        open_fake_github() as fake,
        open_mirror(database, redis_server) as mirror,
        open_loop(mirror, database.migrator_url, tells=False) as loop,
        Sources(
            mirror.pool,
            github=GitHubAccess(fake.url, TOKEN, ("acme",)),
            folders=FolderAccess(roots=(), excluded=()),
            key_ring=None,
            max_bytes=1000,
        ) as sources,
    ):
        caller = fake.add_token(TOKEN, reads=None)
        caller.tells = True
        statuses = CommitStatuses(mirror.pool, open_client=sources.open_telling, target_url=TARGET, clock=loop.clock)
        loop.parts = replace(loop.parts, open_source=sources.open, tell=statuses.put)
        repository = await fake.add_repository(NAME, git)
        new = NewProject(
            "handbook", "github", repository=NAME, repository_id=repository.number, docs_path="docs", commit_status=True
        )
        made = Scene(fake, git, caller, loop, await mirror.add_project(new), statuses, database)
        loop.clock.catch_up()
        yield made


async def test_a_synced_commit_is_told_once_with_what_came_of_it(scene: Scene) -> None:
    await scene.look()
    (status,) = scene.fake.statuses
    assert status["commit"] == scene.git.get_commit("main")
    assert (status["context"], status["target_url"]) == ("syncd", TARGET)
    assert scene.told() == [("success", "docs synced: r1, 1 changed, 1 skipped")]
    for _ in range(2):
        await scene.look()
    scene.loop.clock.advance(86_400)  # the daily comparison leaves a run of the same commit
    await scene.look()
    assert len(scene.fake.statuses) == scene.statuses.told == 1
    scene.git.add_commit({"src/x.py": b"x\n"}, keep=True)
    await scene.look()
    assert scene.told()[1:] == [("success", "docs synced: r1, 0 changed, 1 skipped")]


async def test_what_hinders_a_commit_is_told_and_then_that_it_is_synced(scene: Scene) -> None:
    scene.git.add_commit({f"docs/{number}.md": b"# %d\n" % number for number in range(30)})
    await scene.look()
    scene.git.add_commit({"docs/a.md": b"# A\n"})
    await scene.look()
    assert await scene.reason() == "mass_deletion_held"
    await scene.look()
    scene.git.add_commit({"elsewhere.md": b"# E\n"})
    await scene.look()
    assert [state for state, _ in scene.told()] == ["success", "pending", "success", "failure"]
    assert scene.told()[1][1].startswith("docs not synced: This commit would remove 30 of 30 documents")
    assert "has no folder 'docs'" in scene.told()[3][1]


async def test_a_status_that_is_lost_holds_up_nothing_and_is_told_at_the_next_look(scene: Scene) -> None:
    scene.fake.faults.add(Fault(on="/statuses/", effect=Answer(502)))
    await scene.look()
    assert ((await scene.loop.get(scene.project)).revision, await scene.reason()) == (1, None)
    assert (scene.told(), scene.statuses.lost, scene.statuses.told) == ([], 1, 0)
    await scene.look()
    assert (len(scene.told()), scene.statuses.lost, scene.statuses.told) == (1, 1, 1)


async def test_a_token_that_may_not_tell_is_asked_once_an_hour(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.caller.tells = False
    for _ in range(3):  # a quarter of an hour each
        await scene.look()
    asked = [request for request in scene.fake.requests if "/statuses/" in request.path]
    assert (len(asked), scene.statuses.lost) == (1, 1)
    (said,) = (record.__dict__ for record in caplog.records if record.message == "commit status lost")
    assert said["code"] == "commit_status_denied"
    scene.caller.tells = True
    for _ in range(2):
        await scene.look()
    assert len(scene.told()) == 1


async def test_a_project_that_does_not_want_it_is_told_of_nowhere(scene: Scene) -> None:
    await fetch(scene.database.migrator_url, "update syncd.projects set commit_status = false returning 1")
    await scene.look()
    assert not any("/statuses/" in request.path for request in scene.fake.requests)


async def test_a_line_that_is_full_loses_what_comes_and_counts_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_statuses, "WAITING_MOST", 0)
    scene.statuses.put(scene.project.tenant_id, scene.project.project_id)
    assert scene.statuses.lost == 1
    await scene.look()
    assert (scene.told(), scene.statuses.lost) == ([], 2)
