"""A feed is one look for many readers; it forgets, says so, and outlives every trouble of what it looks at."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from syncd.adapters.postgres.status import ProjectState
from syncd.core.ids import ProjectId, TenantId
from syncd.errors import RateLimited, RetryLater, Unreachable
from syncd.services.feeds import Feed, Feeds, ReaderBounds
from syncd.services.status import Coordination, Status

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TENANT = TenantId(uuid4())
AWAY = Unreachable("database_unreachable", "Postgres is away.", hint="Start it.", after_seconds=5)


def make_state(project_id: ProjectId, *, revision: int = 1) -> ProjectState:
    return ProjectState(
        project_id=project_id,
        name=f"guide-{project_id}",
        source="folder",
        repository=None,
        folder="/srv/guide",
        branch=None,
        condition="ready",
        reason=None,
        message=None,
        hint=None,
        next_try_at=None,
        checked_at=None,
        attempted_at=None,
        desired_commit=None,
        synced_commit=None,
        revision=revision,
        synced_at=None,
        documents=1,
        chunks=1,
        skipped=0,
        last_run=None,
    )


class World:
    """What feeds look at: projects with their revisions, and troubles that come first."""

    def __init__(self) -> None:
        self.revisions: dict[ProjectId, int] = {ProjectId(uuid4()): 1}
        self.troubles: list[Exception] = []
        self.looks: list[Collection[ProjectId] | None] = []

    async def look(self, _tenant_id: TenantId, project_ids: Collection[ProjectId] | None) -> Status:
        self.looks.append(project_ids)
        if self.troubles:
            raise self.troubles.pop(0)
        states = [
            make_state(project_id, revision=revision)
            for project_id, revision in self.revisions.items()
            if project_ids is None or project_id in project_ids
        ]
        return Status(states, {}, Coordination(), None, truncated=False, as_of=NOW)


@asynccontextmanager
async def open_test_feeds(world: World, *, readers_max: int = 10, per_caller: int = 10) -> AsyncIterator[Feeds]:
    async with asyncio.TaskGroup() as group:
        feeds = Feeds(world.look, group, bounds=ReaderBounds(readers_max, per_caller), github_url="https://github.com")
        try:
            yield feeds
        finally:
            feeds.cancel()


async def wait_for_news(feed: Feed, number: int) -> Sequence[str]:
    async with asyncio.timeout(5):
        while feed.number == number:
            await feed.wait(number, seconds=5)
    return [event.kind for event in feed.list_since(number) or ()]


async def test_readers_of_a_tenant_share_one_look() -> None:
    world = World()
    async with (
        open_test_feeds(world) as feeds,
        feeds.reading(TENANT, "ann") as one,
        feeds.reading(TENANT, "ann") as other,
    ):
        await one.looked.wait()
        await other.looked.wait()
        assert one is other
        assert world.looks == [None]


async def test_a_hint_is_one_look_at_that_project_however_often_it_comes() -> None:
    world = World()
    (project_id,) = world.revisions
    async with open_test_feeds(world) as feeds, feeds.reading(TENANT, "ann") as feed:
        await feed.looked.wait()
        number = feed.number
        world.revisions[project_id] += 1
        for _ in range(100):
            feeds.hint(None, project_id)
        assert await wait_for_news(feed, number) == ["project"]
        assert world.looks == [None, {project_id}]


async def test_a_hint_of_a_project_that_nobody_knows_is_no_look_unless_it_is_the_tenants() -> None:
    world = World()
    new = ProjectId(uuid4())
    async with open_test_feeds(world) as feeds, feeds.reading(TENANT, "ann") as feed:
        await feed.looked.wait()
        number = feed.number
        feeds.hint(None, ProjectId(uuid4()))
        feeds.hint(TenantId(uuid4()), ProjectId(uuid4()))
        world.revisions[new] = 1
        feeds.hint(TENANT, new)
        assert await wait_for_news(feed, number) == ["project"]
        assert world.looks == [None, {new}]


async def test_a_project_that_a_hinted_look_does_not_find_is_gone() -> None:
    world = World()
    (project_id,) = world.revisions
    async with open_test_feeds(world) as feeds, feeds.reading(TENANT, "ann") as feed:
        await feed.looked.wait()
        number = feed.number
        world.revisions.clear()
        feeds.hint(TENANT, project_id)
        assert await wait_for_news(feed, number) == ["removed"]
        assert [event.kind for event in feed.list_everything()] == ["servers"]


async def test_what_is_too_long_ago_is_not_kept_and_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.services.feeds.EVENTS_KEPT", 2)
    monkeypatch.setattr("syncd.services.feeds.PAUSE_SECONDS", 0)
    world = World()
    (project_id,) = world.revisions
    async with open_test_feeds(world) as feeds, feeds.reading(TENANT, "ann") as feed:
        await feed.looked.wait()
        first = feed.number
        for _ in range(3):
            number = feed.number
            world.revisions[project_id] += 1
            feeds.hint(None, project_id)
            await wait_for_news(feed, number)
        assert feed.list_since(first) is None
        assert len(feed.list_since(first + 1) or ()) == 2
        assert feed.list_since(feed.number) == []
        assert feed.list_since(feed.number + 1) is None
        (_, newest) = feed.list_everything()
        assert '"revision":4' in newest.text


async def test_postgres_that_is_away_is_said_and_what_was_seen_stays() -> None:
    world = World()
    async with open_test_feeds(world) as feeds, feeds.reading(TENANT, "ann") as feed:
        await feed.looked.wait()
        number = feed.number
        world.troubles = [AWAY]
        feeds.hint(None, None)
        assert await wait_for_news(feed, number) == ["servers"]
        servers, project = feed.list_everything()
        assert '"database_unreachable"' in servers.text
        assert project.kind == "project"
        number = feed.number
        feeds.hint(None, None)
        assert await wait_for_news(feed, number) == ["servers"]
        assert '"postgres":{"status":"up"}' in feed.list_everything()[0].text


async def test_a_look_that_fails_unexpectedly_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.troubles = [ValueError("odd")]
    async with open_test_feeds(world) as feeds, feeds.reading(TENANT, "ann") as feed:
        await feed.looked.wait()
        feeds.hint(None, None)
        await wait_for_news(feed, 0)
    assert "a feed failed to look" in caplog.text


async def test_a_feed_that_nobody_reads_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.services.feeds.LINGER_SECONDS", 0.0)
    monkeypatch.setattr("syncd.services.feeds.PAUSE_SECONDS", 0)
    monkeypatch.setattr("syncd.services.feeds.LOOK_SECONDS", 0.01)
    world = World()
    async with open_test_feeds(world) as feeds:
        async with feeds.reading(TENANT, "ann") as feed:
            await feed.looked.wait()
        async with asyncio.timeout(5):
            await asyncio.gather(*feeds.list_tasks())
        async with feeds.reading(TENANT, "ann") as another:
            assert another is not feed
            assert another.name != feed.name


async def test_one_reader_too_many_is_refused() -> None:
    async with open_test_feeds(World(), readers_max=1) as feeds:
        async with feeds.reading(TENANT, "ann"):
            with pytest.raises(RetryLater) as refused:
                async with feeds.reading(TenantId(uuid4()), "bob"):
                    pytest.fail("one too many")
            assert refused.value.code == "too_many_readers"
        async with feeds.reading(TENANT, "ann"):
            pass


async def test_one_caller_does_not_take_the_places_of_the_others() -> None:
    async with open_test_feeds(World(), per_caller=1) as feeds:
        async with feeds.reading(TENANT, "ann"):
            with pytest.raises(RateLimited) as refused:
                async with feeds.reading(TENANT, "ann"):
                    pytest.fail("one too many")
            assert refused.value.code == "too_many_streams"
            async with feeds.reading(TENANT, "bob"):
                pass
        async with feeds.reading(TENANT, "ann"):
            pass


async def test_a_feed_that_is_cancelled_as_it_wakes_up_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.services.feeds.PAUSE_SECONDS", 0)
    async with open_test_feeds(World()) as feeds, feeds.reading(TENANT, "ann") as feed:
        await feed.looked.wait()
        (task,) = feeds.list_tasks()
        for _ in range(3):
            await asyncio.sleep(0)  # until it waits to be woken
        feed.hint(None)
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait([task])
        assert task.cancelled()
