"""What operators see of the budgets of GitHub, and a project that waits for its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.encryption import KeyRing, make_master_key, parse_key_ring
from syncd.adapters.redis.budgets import SharedBudgets
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from syncd.core.budgets import Rules
from syncd.core.projects import NewProject, Project
from syncd.errors import RetryLater
from syncd.services.budgets import Budgets
from syncd.services.projects import Shelf, create_project
from syncd.services.sources import FolderAccess, GitHubAccess, Sources
from syncd.services.status import get_status
from syncd.services.status_document import make_status_document
from tests.databases import Database
from tests.fakegithub.callers import Caller
from tests.fakegithub.faults import Fault
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.limits import slow_down
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import Clock
from tests.mirror import Mirror, open_mirror


@dataclass(frozen=True, slots=True)
class Scene:
    """Two projects at one GitHub: one with a token of its own, one that the server's token serves."""

    fake: FakeGitHub
    mirror: Mirror
    redis: RedisClient
    key_ring: KeyRing
    access: GitHubAccess
    budgets: Budgets
    own: tuple[Project, Caller]
    served: tuple[Project, Caller]

    async def look(self, project: Project) -> None:
        folders = FolderAccess(roots=None, excluded=())
        async with (
            Sources(
                self.mirror.pool,
                github=self.access,
                folders=folders,
                key_ring=self.key_ring,
                max_bytes=1000,
                budgets=self.budgets,
            ) as sources,
            sources.open(project) as source,
        ):
            await source.find_head(None)

    async def show(self, redis: RedisClient | None = None, own: Budgets | None = None) -> Any:  # noqa: ANN401 - JSON
        status = await get_status(
            self.mirror.web_pool,
            redis or self.redis,
            self.mirror.tenant_id,
            project_ids=None,
            now=datetime.now(UTC),
            own=own,
        )
        return make_status_document(status)["github"]


@pytest_asyncio.fixture
async def scene(tmp_path: Path, database: Database, redis_server: RedisServer) -> AsyncIterator[Scene]:
    git = GitRepository.create(tmp_path / "book.git")
    git.add_commit({"docs/index.md": b"# Start\n"})
    own_token, server_token = (f"ghp_{uuid4().hex}" for _ in range(2))
    key_ring, rules = parse_key_ring(f"k1:{make_master_key()}"), Rules()
    async with (
        open_fake_github() as fake,
        open_mirror(database, redis_server) as mirror,
        open_redis_client(redis_server.url) as redis,
    ):
        repository = await fake.add_repository("acme/book", git)
        callers = [fake.add_token(token) for token in (own_token, server_token)]
        shelf = Shelf(mirror.web_pool, mirror.tenant_id, key_ring, Clock())
        projects = [
            await create_project(
                shelf,
                NewProject(name, "github", repository="acme/book", repository_id=repository.number),
                token=token,
            )
            for name, token in (("own", own_token), ("served", None))
        ]
        access = GitHubAccess(fake.url, server_token, ("acme",))
        clock = Clock()
        budgets = Budgets(SharedBudgets(redis, rules), rules, clock=lambda: clock().timestamp())
        own, served = zip(projects, callers, strict=True)
        yield Scene(fake, mirror, redis, key_ring, access, budgets, own, served)


async def test_the_budget_of_each_credential_is_shown_and_no_token(scene: Scene) -> None:
    assert await scene.show() == []
    await scene.look(scene.own[0])
    await scene.look(scene.served[0])
    await scene.look(scene.served[0])
    shown = await scene.show()
    assert [(one["credential"], one["resource"], one["remaining"], one["limit"]) for one in shown] == [
        ("project_token", "core", 4999, 5000),
        ("server_token", "core", 4998, 5000),
    ]
    assert all(one["shared"] and one["resetAt"] and not one["waitingUntil"] for one in shown)
    assert len({one["id"] for one in shown}) == 2
    assert "ghp_" not in repr(shown)


async def test_a_starved_project_waits_with_a_time_and_another_goes_on(scene: Scene) -> None:
    scene.own[1].used = 4800
    await scene.look(scene.own[0])
    scene.fake.forget_requests()
    with pytest.raises(RetryLater) as caught:
        await scene.look(scene.own[0])
    assert caught.value.code == "rate_limited"
    assert 3500 < caught.value.after_seconds <= 3601
    assert scene.fake.requests == []
    await scene.look(scene.served[0])
    assert len(scene.fake.requests) == 1


async def test_a_limit_that_github_states_is_shown_with_its_reason(scene: Scene) -> None:
    await scene.look(scene.served[0])
    scene.fake.faults.add(Fault(on="/commits/", effect=slow_down(retry_after=90)))
    with pytest.raises(RetryLater) as caught:
        await scene.look(scene.served[0])
    assert caught.value.after_seconds == 90
    (shown,) = await scene.show()
    assert (shown["waitingFor"], shown["remaining"]) == ("retry_after", 4998)
    assert shown["waitingUntil"] is not None


async def test_without_redis_the_daemon_shows_what_it_knows_alone(scene: Scene, closed_port: int) -> None:
    await scene.look(scene.own[0])
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}") as away:
        assert await scene.show(away) is None
        (shown,) = await scene.show(away, scene.budgets)
    assert (shown["credential"], shown["remaining"], shown["shared"]) == ("project_token", 4999, False)
