"""The campaign: whatever is pushed and whatever goes wrong, the mirror is always one whole commit, and in the end the right one.

A failing history is repeated by its number: `pytest tests/end_to_end/test_histories.py -m '' -k history_17_`.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from time import time

import pytest

from syncd.adapters.postgres.mirror import list_skipped
from syncd.adapters.postgres.transactions import in_project
from syncd.core.budgets import Rules
from syncd.core.projects import Due, NewProject, Project
from syncd.services.attending import attend
from syncd.services.budgets import Budgets
from syncd.services.sources import FolderAccess, GitHubAccess, Sources
from syncd.services.sync import Limits
from tests.end_to_end.random_repository import BRANCH, LARGE_BYTES, RandomRepository
from tests.end_to_end.whole import Question, Whole, find_whole
from tests.fakegithub.faults import Answer, CutBody, CutListing, Effect, Fault, PartialData, WrongBytes, WrongTexts
from tests.fakegithub.limits import slow_down, use_up
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import Loop

TOKEN = "ghp_canary0123456789"
LOOKS = 5
HOUR_SECONDS = 3600
# The pace is proved elsewhere; here it would only take the time of the test.
UNPACED = Rules(points_per_second=1e6, burst_points=10**6, graphql_points_per_second=1e6)
ROUTES = (".", "/commits/", "/git/commits/", "/git/trees/", "recursive=1", "/git/blobs/", "/graphql", "/tarball/")
CAMPAIGN = [
    pytest.param(seed, id=f"history_{seed}_", marks=() if seed < 100 else pytest.mark.full) for seed in range(2000)
]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(slots=True)
class Campaign:
    """One project at one repository of its own, which a random history leads on."""

    random: Random
    repository: RandomRepository
    question: Question
    fake: FakeGitHub
    loop: Loop
    project: Project
    story: list[str] = field(default_factory=list)
    known: dict[str, Whole | None] = field(default_factory=dict)

    async def run(self) -> None:
        """Push, break, look; and at the end heal, and hold the mirror against the head."""
        for _ in range(LOOKS):
            self._push(self.random.choice((0, 1, 1, 2, 5)))
            self._break()
            await self._look()
            self._mend(seconds=self.random.choice((1, 60, HOUR_SECONDS)))
            if self.random.random() < 0.3:
                await self.expect_head()
        await self.expect_head()

    async def expect_head(self) -> None:
        """Heal everything, and expect what git has at the head; or the reason why there is none."""
        self._mend(seconds=2 * HOUR_SECONDS)
        await self._look()
        if (await self.loop.get(self.project)).reason == "mass_deletion_held":
            await self._look()
        state = await self.loop.get(self.project)
        head = self.repository.git.find_commit(BRANCH)
        if head is None:
            assert (state.condition, state.reason) == ("stalled", "branch_missing"), state.message
        elif self._find_whole(head) is None:
            assert (state.condition, state.reason) == ("stalled", "path_missing"), state.message
        else:
            assert (state.condition, state.synced_commit) == ("ready", head), state.message

    async def _look(self) -> None:
        """Look as the daemon does; whatever came of it, what stands is one commit as git has it."""
        await attend(self.loop.parts, Due(self.project.tenant_id, self.project.project_id, None, 0))
        state = await self.loop.get(self.project)
        self.story.append(f"look: {state.condition} {state.reason} at {state.synced_commit}")
        assert state.reason != "internal_error"
        assert state.synced_commit or state.condition != "ready"
        whole = self._find_whole(state.synced_commit) if state.synced_commit else Whole({}, frozenset())
        assert whole is not None
        assert await self.loop.mirror.read_documents(self.project) == whole.documents
        async with in_project(self.loop.mirror.pool, state.tenant_id, state.project_id) as connection:
            skipped = await list_skipped(connection, state.project_id)
        assert {(file.path, file.reason.value) for file in skipped} == whole.skipped
        assert (state.documents, state.skipped) == (len(whole.documents), len(whole.skipped))

    def _find_whole(self, commit: str) -> Whole | None:
        if commit not in self.known:
            self.known[commit] = find_whole(self.repository.git, commit, self.question)
        return self.known[commit]

    def _push(self, times: int) -> None:
        self.story += [f"push: {self.repository.push()}" for _ in range(times)]

    def _break(self) -> None:
        faults = [make_fault(self.random) for _ in range(self.random.choice((0, 1, 1, 2, 3)))]
        if self.random.random() < 0.3:
            # A listing that lies strikes once: GitHub never does that, and two equal lies would be believed.
            keep = self.random.randrange(4)
            faults.insert(0, Fault(on=self.random.choice(ROUTES[3:5]), effect=CutListing(keep, silently=True)))
        for fault in faults:
            self.story.append(f"fault: {fault}")
            self.fake.faults.add(fault)
        if self.random.random() < 0.1:
            self.story.append("fault: token revoked")
            self.fake.revoke_token(TOKEN)
        if self.random.random() < 0.2:
            self.story.append("fault: few requests left")
            self._use(4000 - self.random.randrange(20), anonymous=40)
        if self.random.random() < 0.1:
            self.fake.limit_trees(self.random.choice((1, 3, 10)))

    def _mend(self, *, seconds: float) -> None:
        self.fake.faults.clear()
        self.fake.add_token(TOKEN)
        self.fake.limit_trees(100_000)
        self._use(0, anonymous=0)
        self.loop.clock.advance(seconds)

    def _use(self, requests: int, *, anonymous: int) -> None:
        self.fake.add_token(TOKEN).used = requests
        self.fake.anonymous.used = anonymous


def make_fault(random: Random) -> Fault:
    """Return something that can go wrong at GitHub or on the way from there."""
    effects: tuple[Callable[[], Effect], ...] = (
        lambda: Answer(random.choice((500, 502, 503, 504)), body=b"<html>"),
        lambda: Answer(random.choice((301, 302, 307)), {"Location": "/repositories/1/elsewhere"}, b"{}"),
        lambda: Answer(random.choice((401, 403, 404, 409, 422, 451)), body=b'{"message":"No"}'),
        lambda: Answer(random.choice((200, 202, 204)), body=random.choice((b"", b"{}", b"<html>", b"0" * 40))),
        lambda: Answer(304),
        lambda: slow_down(retry_after=random.choice((None, 0, 7, 600)), status=random.choice((403, 429))),
        lambda: use_up(reset_at=random.choice((1, int(time()) + HOUR_SECONDS)), status=random.choice((403, 429))),
        lambda: CutBody(random.choice((0, 1, 50, 500))),
        WrongBytes,
        lambda: CutListing(random.randrange(5)),
        lambda: PartialData(random.randrange(5)),
        lambda: WrongTexts(random.randrange(1, 4)),
    )
    effect = random.choice(effects)()
    on = {CutListing: "/git/trees/", PartialData: "/graphql", WrongTexts: "/graphql"}.get(
        type(effect), random.choice(ROUTES)
    )
    return Fault(on=on, effect=effect, times=random.choice((1, 1, 2, None)), after=random.choice((0, 0, 1, 4)))


def make_question(random: Random) -> Question:
    """Return what a project may ask: where its docs are, its globs, its limits."""
    question = Question(
        docs_path=random.choice((None, None, None, "", "docs", "docs/guide")),
        max_bytes=LARGE_BYTES,
        max_documents=random.choice((1000, 1000, 1000, 5)),
    )
    if random.random() < 0.3:
        question = replace(question, include=("**/*.cfg",), includes=lambda path: path.endswith(".cfg"))
    if random.random() < 0.3:
        question = replace(question, exclude=("docs/drafts/",), excludes=lambda path: path.startswith("docs/drafts/"))
    return question


@asynccontextmanager
async def open_campaign(loop: Loop, directory: Path, seed: int) -> AsyncIterator[Campaign]:
    random = Random(seed)
    question, has_token = make_question(random), random.random() < 0.8
    limits = Limits(document_max_bytes=question.max_bytes, project_max_documents=question.max_documents)
    loop.clock.catch_up()
    async with (
        open_fake_github() as fake,
        Sources(
            loop.mirror.pool,
            github=GitHubAccess(fake.url, TOKEN if has_token else None, token_tenants=("acme",)),
            folders=FolderAccess(roots=None, excluded=()),
            key_ring=None,
            max_bytes=limits.document_max_bytes,
            budgets=Budgets(None, UNPACED, clock=lambda: loop.clock().timestamp()),
        ) as sources,
    ):
        repository = RandomRepository(directory / "handbook.git", random)
        hosted = await fake.add_repository("acme/handbook", repository.git)
        fake.add_token(TOKEN)
        new = NewProject(
            f"history-{seed}",
            "github",
            repository="acme/handbook",
            repository_id=hosted.number,
            branch=random.choice((None, BRANCH)),
            docs_path=question.docs_path,
            include=question.include,
            exclude=question.exclude,
        )
        project = await loop.mirror.add_project(new)
        loop.parts = replace(loop.parts, work=replace(loop.parts.work, limits=limits), open_source=sources.open)
        yield Campaign(random, repository, question, fake, loop, project)


@pytest.mark.parametrize("seed", CAMPAIGN)
async def test_the_mirror_is_always_one_whole_commit_and_after_healing_the_head(
    shared_loop: Loop, tmp_path: Path, seed: int
) -> None:
    async with open_campaign(shared_loop, tmp_path, seed) as campaign:
        try:
            await campaign.run()
        except AssertionError as error:
            error.add_note("\n".join([f"history {seed} of {campaign.question}", *campaign.story]))
            raise
