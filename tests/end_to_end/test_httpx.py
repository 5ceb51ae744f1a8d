"""Real input: the history of a real repository, served by the fake, mirrored forwards, backwards and by jumps."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
import pytest_asyncio
from mcp.client import Client

from syncd.adapters.embedded.redis import RedisServer
from syncd.core.projects import Project
from syncd.services.repositories import resolve_repository
from syncd.services.sources import FolderAccess, GitHubAccess, Sources
from syncd.services.sync import Limits
from tests.databases import Database
from tests.end_to_end.history import History, list_documents
from tests.end_to_end.running import Up, run_syncd, running_up
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import Loop, open_loop
from tests.mcp_server.agents import MODERN, open_agent
from tests.mirror import open_mirror

SHARED = Path(os.environ.get("SYNCD_SHARED", Path(__file__).parents[3] / "shared"))
BUNDLE = SHARED / "data/httpx-docs.bundle"
RENAMING = "438d3b5fbca23b636dddecec1261cf450b63253f"  # the one commit in which git finds a rename
TOKEN = "ghp_canary0123456789"
LIMITS = Limits(document_max_bytes=5 * 1024 * 1024, project_max_documents=1000)

pytestmark = pytest.mark.skipif(
    not BUNDLE.exists(), reason=f"the real repository is not here: {BUNDLE} is missing (SYNCD_SHARED names its place)"
)


@dataclass(slots=True)
class Replay:
    """A project that is led through the history of *git*, and held against it at each step."""

    git: GitRepository
    fake: FakeGitHub
    loop: Loop
    history: History = field(default_factory=History)
    seen_shas: set[str] = field(default_factory=set)

    async def add_project(self, name: str, *, branch: str | None = None) -> Project:
        found = await resolve_repository("encode/httpx", api_url=self.fake.url, token=TOKEN, name=name)
        project = await self.loop.mirror.add_project(replace(found, branch=branch))
        self.loop.clock.catch_up()
        return project

    async def show(self, project: Project, commit: str) -> list[tuple[str, str]]:
        """Let the daemon see *commit* at the head of the branch; hold the mirror against git. Returns the renames."""
        before = await self.loop.get(project)
        self.git.set_branch(project.branch or "master", commit)
        await self._look(project)
        after = await self.loop.get(project)
        assert (after.condition, after.reason, after.synced_commit) == ("ready", None, commit)
        documents = list_documents(self.git, commit)
        assert await self.loop.mirror.read_documents(project) == {
            path: content for path, (_, content) in documents.items()
        }
        assert after.documents == len(documents)
        changed = {path: sha for path, (sha, _) in documents.items()} != self.history.shas
        assert after.revision == before.revision + (1 if changed else 0)
        versions = await self.loop.mirror.list_versions(project)
        return self.history.move({path: sha for path, (sha, _) in documents.items()}, versions)

    async def _look(self, project: Project) -> None:
        await self.loop.request(project)
        self.fake.forget_requests()
        await self.loop.step()
        if (await self.loop.get(project)).reason == "mass_deletion_held":
            self.loop.clock.advance(10)
            self.fake.forget_requests()
            await self.loop.step()

    def count_missing(self, commit: str) -> int:
        """Return how many contents of *commit* were never fetched, and count them as fetched."""
        shas = {sha for sha, _ in list_documents(self.git, commit).values()}
        missing = len(shas - self.seen_shas)
        self.seen_shas |= shas
        return missing

    def count_requests(self) -> int:
        """Return what the last look cost, but for the one remark on what is no child of the commit before: was history rewritten?"""
        remarks = sum("/compare/" in request.path for request in self.fake.requests)
        assert remarks <= 1
        return len(self.fake.requests) - remarks


@pytest.fixture
def git(tmp_path: Path) -> GitRepository:
    return GitRepository.clone_bundle(BUNDLE, tmp_path / "httpx.git")


@pytest_asyncio.fixture
async def replay(git: GitRepository, database: Database, redis_server: RedisServer) -> AsyncIterator[Replay]:
    async with (
        open_fake_github() as fake,
        open_mirror(database, redis_server) as mirror,
        Sources(
            mirror.pool,
            github=GitHubAccess(fake.url, TOKEN, token_tenants=("acme",)),
            folders=FolderAccess(roots=None, excluded=()),
            key_ring=None,
            max_bytes=LIMITS.document_max_bytes,
        ) as sources,
        open_loop(mirror, database.migrator_url) as loop,
    ):
        fake.add_token(TOKEN)
        await fake.add_repository("encode/httpx", git, default_branch="master")
        loop.parts = replace(loop.parts, work=replace(loop.parts.work, limits=LIMITS), open_source=sources.open)
        yield Replay(git, fake, loop)


def pick_commits(git: GitRepository, count: int) -> list[str]:
    """Return *count* commits spread over the history, oldest first, with the one that renames and the one before it."""
    commits = git.list_commits("master")
    at = {round(number * (len(commits) - 1) / (count - 3)) for number in range(count - 2)}
    renaming = commits.index(RENAMING)
    return [commits[number] for number in sorted(at | {renaming - 1, renaming})]


async def test_the_mirror_equals_git_at_twenty_commits_forwards_backwards_and_by_jumps(replay: Replay) -> None:
    commits = pick_commits(replay.git, 20)
    assert len(commits) == 20
    project = await replay.add_project("httpx")
    renames = []
    for commit in commits:
        missing = replay.count_missing(commit)
        renames += await replay.show(project, commit)
        # head, commit, the level that holds docs, its listing, and each content once
        assert replay.count_requests() <= 4 + missing
    assert ("docs/third-party-packages.md", "docs/third_party_packages.md") in renames
    jumps = Random(2).sample(commits, k=len(commits))
    for commit in [*reversed(commits), *jumps]:
        await replay.show(project, commit)
        assert replay.count_requests() <= 4, "what was ever fetched is fetched again"


async def test_an_unchanged_head_costs_one_conditional_request(replay: Replay) -> None:
    project = await replay.add_project("httpx")
    head = replay.git.get_commit("master")
    await replay.show(project, head)
    await replay.show(project, head)
    await replay.show(project, head)
    assert [(request.status, request.conditional) for request in replay.fake.requests] == [(304, True)]


async def test_a_commit_that_leaves_the_docs_alone_costs_three_requests(replay: Replay) -> None:
    project = await replay.add_project("httpx")
    head = replay.git.get_commit("master")
    await replay.show(project, head)
    beside = replay.git.add_commit({"setup.py": b"1\n"}, branch="master", keep=True)
    await replay.show(project, beside)
    assert len(replay.fake.requests) == 3


async def test_renames_moves_and_swaps_made_by_hand_keep_their_identity(replay: Replay) -> None:
    git = replay.git
    head = git.get_commit("master")
    git.set_branch("hand", head)
    content = {path: content for path, (_, content) in list_documents(git, head).items()}
    project = await replay.add_project("by-hand", branch="hand")
    assert await replay.show(project, head) == []
    start, advanced = "docs/quickstart.md", [path for path in content if path.startswith("docs/advanced/")]
    assert len(advanced) > 5
    steps: list[tuple[dict[str, bytes | None], Sequence[tuple[str, str]]]] = [
        ({start: None, "docs/begin.md": content[start]}, [(start, "docs/begin.md")]),
        (
            dict.fromkeys(advanced) | {path.replace("/advanced/", "/deep/er/"): content[path] for path in advanced},
            [(path, path.replace("/advanced/", "/deep/er/")) for path in sorted(advanced)],
        ),
        # Two swap their contents: both paths stay, so both are edits.
        ({"docs/api.md": content["docs/async.md"], "docs/async.md": content["docs/api.md"]}, []),
        # Equal blobs pair one to one in path order, and one is left over as new.
        ({"docs/z.md": b"same\n", "docs/y.md": b"same\n"}, []),
        (
            {
                "docs/z.md": None,
                "docs/y.md": None,
                "docs/c.md": b"same\n",
                "docs/a.md": b"same\n",
                "docs/b.md": b"same\n",
            },
            [("docs/y.md", "docs/a.md"), ("docs/z.md", "docs/b.md")],
        ),
        # A chain: b becomes a copy of what c was renamed from, while a goes.
        ({"docs/a.md": None, "docs/b.md": b"other\n", "docs/d.md": b"same\n"}, [("docs/a.md", "docs/d.md")]),
        # An edited rename is a deletion and an addition.
        ({"docs/begin.md": None, "docs/start.md": content[start] + b"more\n"}, []),
        # And back: the deleted path reopens its document.
        ({"docs/begin.md": content[start], "docs/start.md": None}, []),
    ]
    for files, renames in steps:
        commit = git.add_commit(files, branch="hand", keep=True)
        assert await replay.show(project, commit) == renames


async def test_a_work_tree_of_the_repository_mirrors_the_same_and_names_its_commit_when_clean(
    replay: Replay, tmp_path: Path
) -> None:
    folder = tmp_path / "work-tree"

    def run_git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], check=True, capture_output=True)

    run_git("clone", "-q", str(replay.git.path), str(folder))
    project = await replay.loop.add_folder(folder, name="checkout")
    for commit in Random(3).sample(pick_commits(replay.git, 20), k=6):
        run_git("-C", str(folder), "checkout", "-q", commit)
        await replay.show(project, commit)
    (folder / "docs/index.md").write_text("edited, not committed\n")
    await replay.loop.request(project)
    await replay.loop.step()
    state = await replay.loop.get(project)
    assert (state.condition, state.synced_commit) == ("ready", None)
    assert (await replay.loop.mirror.read_documents(project))["docs/index.md"] == b"edited, not committed\n"


async def test_one_command_and_an_agent_reads_the_repository_as_git_has_it(git: GitRepository, tmp_path: Path) -> None:
    head = git.get_commit("master")
    async with open_fake_github() as fake:
        fake.add_token(TOKEN)
        await fake.add_repository("encode/httpx", git, default_branch="master")
        settings = {"SYNCD_GITHUB_API_URL": fake.url, "SYNCD_GITHUB_TOKEN": TOKEN}
        async with running_up(tmp_path, "--repo", "encode/httpx", environment=settings) as up:
            documents = list_documents(git, head)
            assert (up.ready["source"], up.ready["commit"], up.ready["documents"]) == (
                "encode/httpx",
                head,
                len(documents),
            )
            for era in ("legacy", MODERN):
                assert await read_everything(up, era) == {path: content for path, (_, content) in documents.items()}
            edited = git.add_commit({"docs/index.md": b"# A new start\n"}, branch="master", keep=True)
            done = await asyncio.to_thread(
                run_syncd,
                "project",
                "sync",
                "httpx",
                "--wait",
                "--json",
                "--data-dir",
                str(tmp_path / "data"),
                cwd=tmp_path,
            )
            assert json.loads(done.stdout)["syncedCommit"] == edited, done.stderr
            async with open_agent(get_origin(up), up.ready["apiKey"]) as agent:
                answer = await agent.call_tool("fetch", {"id": "httpx/docs/index.md"})
                assert answer.structured_content
                assert answer.structured_content["text"] == "# A new start\n"
                assert edited in answer.structured_content["url"]


def get_origin(up: Up) -> str:
    return str(up.ready["mcpUrl"]).removesuffix("/mcp")


async def read_everything(up: Up, era: str) -> dict[str, bytes]:
    """Return every document of the project as an agent of *era* lists, searches and reads it."""
    async with open_agent(get_origin(up), up.ready["apiKey"], mode=era) as agent:
        found = await agent.call_tool("search", {"query": "connection pool timeout"})
        assert found.structured_content
        assert found.structured_content["results"][0]["id"].startswith("httpx/docs/")
        listed = await agent.call_tool("docs_list", {"project": "httpx"})
        assert listed.structured_content
        ids = [item["id"] for item in listed.structured_content["items"]]
        return {name.removeprefix("httpx/"): (await read_whole(agent, name)).encode() for name in ids}


async def read_whole(agent: Client, document_id: str) -> str:
    """Return the text of a document, in as many parts as the answers' budget makes of it."""
    text, following = "", document_id
    while following:
        part = await agent.call_tool("fetch", {"id": following})
        assert part.structured_content, part
        text += part.structured_content["text"]
        following = part.structured_content["metadata"].get("next")
    return text
