"""Subscribers hear of what changes in what they asked for, of nothing else, and only as long as their key is good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp.client.subscriptions import Subscription
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourcesListChanged, ResourceUpdated, ServerEvent

from mcp_server import feed as feed_module
from mcp_server import identity, streams, subscribing
from mcp_server.feed import ChangeFeed
from mcp_server.identity import Caller
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.reading.projects import list_projects
from syncd.adapters.postgres.transactions import reading
from tests.bells import Bell
from tests.databases import Database
from tests.mcp_server.agents import open_agent
from tests.mcp_server.serve import serving
from tests.mcp_server.test_changes import served_party
from tests.mcp_server.worlds import Party, make_party, run_git
from tests.mirror import Mirror, open_mirror

FILES = {"docs/a.md": "# A\n\nfirst\n", "docs/b.md": "# B\n", "docs/deep/c.md": "# C\n", "other/d.md": "# D\n"}
DEADLINE_SECONDS = 5


async def hear(subscription: Subscription, count: int) -> set[ServerEvent]:
    """Return the next *count* events."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        return {await anext(subscription) for _ in range(count)}


async def test_a_subscriber_hears_of_its_document_its_folder_and_its_project(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        project = await party.add_project("guide", FILES)
        async with (
            open_agent(origin, party.api_key) as agent,
            agent.listen(resource_subscriptions=["doc://guide/docs/a.md"], resources_list_changed=True) as of_document,
            agent.listen(resource_subscriptions=["doc://guide/docs/deep/"]) as of_folder,
            agent.listen(resource_subscriptions=["doc://guide"]) as of_project,
        ):
            await party.publish(project, {"docs/a.md": "# A\n\nsecond\n", "docs/deep/c.md": "# C\n\nsecond\n"})
            assert await hear(of_document, 1) == {ResourceUpdated("doc://guide/docs/a.md")}
            assert await hear(of_folder, 1) == {ResourceUpdated("doc://guide/docs/deep/c.md")}
            both = {ResourceUpdated("doc://guide/docs/a.md"), ResourceUpdated("doc://guide/docs/deep/c.md")}
            assert await hear(of_project, 2) == both

            run_git(tmp_path / "guide", "mv", "docs/a.md", "docs/deep/a b.md")
            await party.publish(project, {})
            moved = ResourceUpdated("doc://guide/docs/deep/a%20b.md")
            assert await hear(of_document, 2) == {ResourceUpdated("doc://guide/docs/a.md"), ResourcesListChanged()}
            assert await hear(of_folder, 1) == {moved}
            assert await hear(of_project, 2) == {ResourceUpdated("doc://guide/docs/a.md"), moved}


async def test_a_subscriber_is_told_what_it_is_subscribed_to(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        wanted = ["doc://guide/docs/", "https://example.org/", "doc://guide/docs/", "doc://"]
        async with (
            open_agent(origin, party.api_key) as agent,
            agent.listen(resource_subscriptions=wanted, tools_list_changed=True) as subscription,
        ):
            assert subscription.honored.resource_subscriptions == ["doc://guide/docs/"]
            assert subscription.honored.tools_list_changed is None
        too_many = [f"doc://guide/{number}" for number in range(257)]
        async with open_agent(origin, party.api_key) as agent:
            with pytest.raises(MCPError, match="At most 256 URIs"):
                async with agent.listen(resource_subscriptions=too_many):
                    pass


async def test_many_changes_at_once_are_told_as_one_of_what_was_subscribed(
    database: Database, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MAX_NAMED_DOCUMENTS", 2)
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        project = await party.add_project("guide", FILES)
        async with (
            open_agent(origin, party.api_key) as agent,
            agent.listen(resource_subscriptions=["doc://guide/"]) as subscription,
        ):
            await party.publish(project, {path: f"{text}more\n" for path, text in FILES.items()})
            assert await hear(subscription, 1) == {ResourceUpdated("doc://guide/")}


async def test_nobody_hears_of_another_tenant_or_of_a_project_that_its_key_does_not_open(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with (
        open_mirror(database, redis_server, tenant="acme") as acme_mirror,
        open_mirror(database, redis_server, tenant="globex") as globex_mirror,
        serving(database.read_url) as origin,
    ):
        acme = await make_party(acme_mirror, tmp_path / "acme")
        globex = await make_party(globex_mirror, tmp_path / "globex")
        guide = await acme.add_project("guide", FILES)
        notes = await acme.add_project("notes", FILES)
        theirs = await globex.add_project("guide", FILES)
        notes_only, _ = await acme.make_key(project_ids=(notes.project_id,))
        everything = ["doc://guide", "doc://notes"]
        async with (
            open_agent(origin, acme.api_key) as agent,
            open_agent(origin, notes_only) as narrow,
            agent.listen(resource_subscriptions=everything) as wide_stream,
            narrow.listen(resource_subscriptions=everything, resources_list_changed=True) as narrow_stream,
        ):
            await globex.publish(theirs, {"docs/a.md": "# A\n\ntheirs\n", "docs/new.md": "# New\n"})
            await acme.publish(guide, {"docs/b.md": "# B\n\nours\n", "docs/new.md": "# New\n"})
            await acme.publish(notes, {"docs/deep/c.md": "# C\n\nours\n"})

            # The last of the three is the first that the narrow key hears of.
            assert await hear(narrow_stream, 1) == {ResourceUpdated("doc://notes/docs/deep/c.md")}
            assert await hear(wide_stream, 3) == {
                ResourceUpdated("doc://guide/docs/b.md"),
                ResourceUpdated("doc://guide/docs/new.md"),
                ResourceUpdated("doc://notes/docs/deep/c.md"),
            }


async def test_a_stream_ends_when_its_key_is_revoked(
    database: Database, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert identity.CACHE_SECONDS + subscribing.LOOK_SECONDS <= 5
    monkeypatch.setattr(identity, "CACHE_SECONDS", 0.1)
    monkeypatch.setattr(subscribing, "LOOK_SECONDS", 0.1)
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        project = await party.add_project("guide", FILES)
        key, key_id = await party.make_key()
        async with open_agent(origin, key) as agent, agent.listen(resource_subscriptions=["doc://guide"]) as stream:
            await party.revoke_key(key_id)
            with pytest.raises(StopAsyncIteration):
                await hear(stream, 1)
            await party.publish(project, {"docs/b.md": "# B\n\nnobody hears\n"})


@asynccontextmanager
async def open_silent_feed(party: Party) -> AsyncIterator[tuple[ChangeFeed, streams.Stream]]:
    """Run a feed that hears only what a test tells it, with one stream of everything."""
    mirror = party.mirror
    caller = Caller(mirror.tenant_id, party.key_id, frozenset({"docs:read"}), None, None)
    stream = streams.Stream(caller, [streams.Watched("doc://guide", "guide", "")], lists=False)
    feed = ChangeFeed(mirror.read_pool, streams.Streams())
    feed.streams.add(stream)
    async with reading(mirror.read_pool, mirror.tenant_id) as connection:
        feed.begin(mirror.tenant_id, await list_projects(connection))
    running = asyncio.create_task(feed.run())
    try:
        yield feed, stream
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def take(stream: streams.Stream) -> set[ServerEvent]:
    """Return what a stream is given next."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        await stream.wake.wait()
    return set(stream.take())


async def test_a_revision_is_told_once_whatever_notices_are_lost_or_doubled(mirror: Mirror, tmp_path: Path) -> None:
    party = await make_party(mirror, tmp_path)
    project = await party.add_project("guide", FILES)
    async with open_silent_feed(party) as (feed, stream):
        # Two revisions, no notice; then one that says that some may have been lost, and late ones of both.
        await party.publish(project, {"docs/a.md": "# A\n\nsecond\n"})
        await party.publish(project, {"docs/b.md": "# B\n\nthird\n"})
        feed.hear("")
        both = {ResourceUpdated("doc://guide/docs/a.md"), ResourceUpdated("doc://guide/docs/b.md")}
        assert await take(stream) == both
        for revision in (2, 3, 3):
            feed.hear(f"{project.project_id}:{mirror.tenant_id}:{revision}")
        await party.publish(project, {"docs/b.md": "# B\n\nfourth\n"})
        feed.hear("a notice of another release")
        assert await take(stream) == {ResourceUpdated("doc://guide/docs/b.md")}


async def test_a_look_that_fails_is_made_again_and_ends_nothing(
    mirror: Mirror, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "RETRY_SECONDS", 0.01)
    bell = Bell("feed_failed")
    monkeypatch.setattr(feed_module.logger, "handlers", [bell])
    party = await make_party(mirror, tmp_path)
    project = await party.add_project("guide", FILES)
    async with open_silent_feed(party) as (feed, stream), open_connection(database.migrator_url) as connection:
        await party.publish(project, {"docs/a.md": "# A\n\nsecond\n"})
        await connection.execute("alter table syncd.document_versions rename column author to writer")
        feed.hear("")
        async with asyncio.timeout(DEADLINE_SECONDS):
            await bell.rung.wait()
        await connection.execute("alter table syncd.document_versions rename column writer to author")
        assert await take(stream) == {ResourceUpdated("doc://guide/docs/a.md")}


async def test_a_tenant_has_so_many_streams_and_one_that_is_left_makes_room(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    party = await make_party(mirror, tmp_path)
    async with serving(database.read_url, mcp_streams_per_tenant=1) as origin:
        async with open_agent(origin, party.api_key) as agent, agent.listen(resources_list_changed=True):
            with pytest.raises(MCPError, match="Too many streams"):
                async with agent.listen(resources_list_changed=True):
                    pass
        async with open_agent(origin, party.api_key) as agent, asyncio.timeout(DEADLINE_SECONDS):
            while True:
                # The server hears of the first one's end in its own time.
                try:
                    async with agent.listen(resources_list_changed=True):
                        break
                except MCPError:
                    await asyncio.sleep(0)


async def test_a_reader_that_does_not_read_is_let_go(
    database: Database, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MAX_WAITING_EVENTS", 2)
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        project = await party.add_project("guide", FILES)
        async with (
            open_agent(origin, party.api_key) as agent,
            agent.listen(resource_subscriptions=["doc://guide"]) as subscription,
        ):
            await party.publish(project, {path: f"{text}more\n" for path, text in FILES.items()})
            heard = await hear(subscription, 2)
            with pytest.raises(StopAsyncIteration):
                await hear(subscription, 1)
    assert len(heard) == 2
