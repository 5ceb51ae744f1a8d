"""The words that stories of a repository are told in, and the project whose life they are.

Each look is one of the daemon, and is held against git: what the mirror holds is one whole commit, the head where all is well.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from syncd.adapters.postgres.mirror import list_skipped
from syncd.adapters.postgres.tenants import add_tenant
from syncd.adapters.postgres.transactions import in_project
from syncd.core.budgets import Rules
from syncd.core.projects import Due, NewProject, Project
from syncd.services.attending import attend
from syncd.services.budgets import Budgets
from syncd.services.projects import Shelf, put_project
from syncd.services.sources import FolderAccess, GitHubAccess, Sources
from syncd.services.sync import Limits
from tests.end_to_end.whole import Question, Whole, find_whole
from tests.fakegithub.faults import Effect, Fault, Silence
from tests.fakegithub.gitrepo import Files, GitRepository
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import Loop

TOKEN = "ghp_canary0123456789"
NAME = "acme/handbook"
MAX_BYTES = 4096
WAIT_SECONDS = 5
UNPACED = Rules(points_per_second=1e6, burst_points=10**6, graphql_points_per_second=1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a story begins: what the project asks for, and whether the daemon has a token."""

    question: Question = field(default_factory=lambda: Question(max_bytes=MAX_BYTES))
    branch: str | None = None
    default_branch: str = "main"
    token: bool = True
    private: bool = False


@dataclass(slots=True)
class Life:
    """One repository at GitHub and the project that mirrors it."""

    name: str
    directory: Path
    setting: Setting
    git: GitRepository
    fake: FakeGitHub
    hosted: HostedRepository
    loop: Loop
    project: Project
    question: Question
    heads: list[str] = field(default_factory=list)
    first: dict[str, str] = field(default_factory=dict)  # the document that was the first at each path

    @property
    def branch(self) -> str:
        """The branch that the project mirrors."""
        return self.project.branch or self.hosted.default_branch

    async def get(self) -> Project:
        return await self.loop.get(self.project)

    async def attend(self) -> Project:
        """Look once, as the daemon does; whatever came of it, what stands is one whole commit."""
        self.fake.forget_requests()
        await attend(self.loop.parts, Due(self.project.tenant_id, self.project.project_id, None, 0))
        state = await self.get()
        whole = self.find_whole(state.synced_commit) if state.synced_commit else Whole({}, frozenset())
        assert whole is not None
        assert await self.loop.mirror.read_documents(self.project) == whole.documents
        assert await self.list_skipped() == whole.skipped
        assert (state.documents, state.skipped) == (len(whole.documents), len(whole.skipped))
        for path, identity in (await self.loop.mirror.list_versions(self.project)).items():
            self.first.setdefault(path, identity[0])
        return state

    async def list_skipped(self) -> set[tuple[str, str]]:
        async with in_project(self.loop.mirror.pool, self.project.tenant_id, self.project.project_id) as connection:
            return {(file.path, file.reason.value) for file in await list_skipped(connection, self.project.project_id)}

    def find_whole(self, commit: str) -> Whole | None:
        return find_whole(self.git, commit, self.question)


Step: TypeAlias = Callable[[Life], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Story:
    """What happens, in order; *name* is the sentence that it proves."""

    name: str
    steps: tuple[Step, ...]
    setting: Setting = field(default_factory=Setting)


def story(name: str, *steps: Step, setting: Setting | None = None) -> Story:
    """Return a story of *steps*."""
    return Story(name, steps, setting or Setting())


def _tell(does: Callable[[Life], object]) -> Step:
    """Return a step of something that is done at once."""

    async def step(life: Life) -> None:
        does(life)

    return step


# What people do at GitHub.


def push(files: Files, *, branch: str | None = None) -> Step:
    """Push a commit that holds *files* and nothing else."""
    return _tell(lambda life: _push(life, files, branch, keep=False))


def edit(files: Files, *, branch: str | None = None) -> Step:
    """Push a commit that changes *files*; none removes one."""
    return _tell(lambda life: _push(life, files, branch, keep=True))


def _push(life: Life, files: Files, branch: str | None, *, keep: bool) -> None:
    life.heads.append(life.git.add_commit(files, branch=branch or life.branch, keep=keep))


def move_to(number: int) -> Step:
    """Move the branch to the commit of that number, whether that is forward or not: a forced push."""
    return _tell(lambda life: life.git.set_branch(life.branch, life.heads[number]))


def remove_branch(*, keep: str = "kept") -> Step:
    """Delete the branch; another one is left, so that the repository is not empty."""

    def remove(life: Life) -> None:
        life.git.set_branch(keep, life.git.get_commit(life.branch))
        life.git.remove_branch(life.branch)

    return _tell(remove)


def do(does: Callable[[Life], object]) -> Step:
    """Do something that has no word of its own."""
    return _tell(does)


def break_with(effect: Effect, *, on: str, times: int | None = 1, after: int = 0) -> Step:
    """Let GitHub answer so to requests of the route *on*."""
    return _tell(lambda life: life.fake.faults.add(Fault(on=on, effect=effect, times=times, after=after)))


def heal(*, seconds: float = 0) -> Step:
    """Let GitHub answer as it should, and let time pass."""

    def mend(life: Life) -> None:
        life.fake.faults.clear()
        life.loop.clock.advance(seconds)

    return _tell(mend)


# What the daemon does, and what comes of it.


def look(condition: str = "ready", reason: str | None = None) -> Step:
    """Look, and expect to stand so; when ready, at the head. Anything else tells why, what to do, and when it is tried again."""

    async def step(life: Life) -> None:
        state = await life.attend()
        assert (state.condition, state.reason) == (condition, reason), state.message
        if condition == "ready":
            assert state.synced_commit == life.git.get_commit(f"refs/heads/{life.branch}")
        else:
            assert state.message
            assert state.hint
            assert state.next_try_at
            assert state.next_try_at > life.loop.clock()

    return step


def look_while(route: str, *steps: Step) -> Step:
    """Look; and while GitHub holds back its answer to *route*, let *steps* happen."""

    async def step(life: Life) -> None:
        silence = Silence(asyncio.Event())
        life.fake.faults.add(Fault(on=route, effect=silence))
        looking = asyncio.ensure_future(life.attend())
        async with asyncio.timeout(WAIT_SECONDS):
            await silence.arrived.wait()
        for one in steps:
            await one(life)
        silence.until.set()
        await looking
        life.fake.faults.clear()

    return step


def ask_for(**changes: object) -> Step:
    """Let a person ask the project for another branch, folder or choice of files."""

    async def step(life: Life) -> None:
        new = NewProject(life.name, "github", repository=NAME, repository_id=life.hosted.number, **changes)  # type: ignore[arg-type]
        await put_project(Shelf(life.loop.mirror.web_pool, life.project.tenant_id, None, life.loop.clock), new)
        life.project = await life.get()
        life.question = replace(
            life.question, docs_path=new.docs_path, include=new.include, exclude=new.exclude,
            includes=lambda path: path.endswith(".cfg") and bool(new.include),
            excludes=lambda path: path.startswith("docs/drafts/") and bool(new.exclude),
        )  # fmt: skip

    return step


def holds(files: Mapping[str, bytes]) -> Step:
    """Expect exactly these documents."""

    async def step(life: Life) -> None:
        assert await life.loop.mirror.read_documents(life.project) == files

    return step


def skips(files: Mapping[str, str]) -> Step:
    """Expect exactly these files to be left out, each with its reason."""

    async def step(life: Life) -> None:
        assert dict(await life.list_skipped()) == files

    return step


def stands(versions: Mapping[str, tuple[str, int]]) -> Step:
    """Expect each path to be the document that was the first at another path (or at this one), in that version."""

    async def step(life: Life) -> None:
        now = await life.loop.mirror.list_versions(life.project)
        for path, (origin, version) in versions.items():
            assert now[path] == (life.first[origin], version), path

    return step


def is_new(*paths: str) -> Step:
    """Expect the documents at *paths* to be ones that never were before."""

    async def step(life: Life) -> None:
        now = await life.loop.mirror.list_versions(life.project)
        former = {identity for path, identity in life.first.items() if path not in paths}
        assert all(now[path][1] == 1 and now[path][0] not in former for path in paths)

    return step


def revision(number: int) -> Step:
    """Expect so many revisions to have been published."""

    async def step(life: Life) -> None:
        assert (await life.get()).revision == number

    return step


def cost(requests: int) -> Step:
    """Expect the last look to have cost so many requests."""

    async def step(life: Life) -> None:
        assert len(life.fake.requests) == requests, [request.path for request in life.fake.requests]

    return step


def cost_at_most(requests: int) -> Step:
    """Expect the last look to have cost no more requests."""

    async def step(life: Life) -> None:
        assert 0 < len(life.fake.requests) <= requests

    return step


def says(text: str) -> Step:
    """Expect a person to read *text* in what is said of the project."""

    async def step(life: Life) -> None:
        state = await life.get()
        assert text in f"{state.message} {state.hint}"

    return step


@asynccontextmanager
async def open_life(loop: Loop, directory: Path, name: str, setting: Setting) -> AsyncIterator[Life]:
    """Begin the life of a repository that is empty, and of a project that mirrors it."""
    question = setting.question
    limits = Limits(document_max_bytes=question.max_bytes, project_max_documents=question.max_documents)
    # A tenant of its own: what another story has fetched is not there.
    async with loop.mirror.web_pool.acquire() as connection:
        tenant = await add_tenant(connection, name)
    mirror = replace(loop.mirror, tenant_id=tenant.tenant_id)
    loop.clock.catch_up()
    async with (
        open_fake_github() as fake,
        Sources(
            loop.mirror.pool,
            github=GitHubAccess(fake.url, TOKEN if setting.token else None, token_tenants=(name,)),
            folders=FolderAccess(roots=None, excluded=()),
            key_ring=None,
            max_bytes=limits.document_max_bytes,
            budgets=Budgets(None, UNPACED, clock=lambda: loop.clock().timestamp()),
        ) as sources,
    ):
        git = GitRepository.create(directory / "handbook.git", branch=setting.default_branch)
        hosted = await fake.add_repository(NAME, git, private=setting.private, default_branch=setting.default_branch)
        fake.add_token(TOKEN, reads=None)
        new = NewProject(
            name, "github", repository=NAME, repository_id=hosted.number, branch=setting.branch,
            docs_path=question.docs_path, include=question.include, exclude=question.exclude,
        )  # fmt: skip
        project = await mirror.add_project(new)
        loop.mirror = mirror
        loop.parts = replace(loop.parts, work=replace(loop.parts.work, limits=limits), open_source=sources.open)
        yield Life(name, directory, setting, git, fake, hosted, loop, project, question)
