"""Who follows the status sees everything at first and then each change, once, of its own tenant, for as long as it may."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.folder.source import FolderSource
from syncd.adapters.postgres.keys import revoke_key
from syncd.adapters.redis.locks import RedisClient
from syncd.core.keys import parse_key
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject, Project
from syncd.services.feeds import Feeds
from syncd.services.locking import holding
from syncd.services.progress import open_progress_board
from tests.databases import Database
from tests.mirror import LIMITS, Mirror, open_mirror
from tests.web.sites import Client, add_test_key, make_test_site, open_client
from tests.web.streams import SECONDS, Stream, open_live_client, open_stream


@pytest_asyncio.fixture
async def live(mirror: Mirror, redis: RedisClient, database: Database) -> AsyncIterator[tuple[Client, Feeds]]:
    async with open_live_client(mirror, redis, database) as opened:
        yield opened


@pytest_asyncio.fixture
async def key(mirror: Mirror) -> str:
    return await add_test_key(mirror.web_pool, mirror.tenant_id)


async def add_folder(mirror: Mirror, name: str, folder: Path | None = None) -> Project:
    return await mirror.add_project(NewProject(name=name, source="folder", folder=str(folder or f"/srv/{name}")))


async def test_a_sync_is_followed_from_lock_to_revision(
    live: tuple[Client, Feeds], mirror: Mirror, redis: RedisClient, key: str, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text("# A\n")
    project = await add_folder(mirror, "guide", tmp_path)
    source = FolderSource(tmp_path, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)
    async with open_stream(live[0], key) as stream, open_progress_board(redis, mirror.work.clock) as board:
        first = await stream.read_until("synced")
        assert [sent.kind for sent in first] == ["resync", "servers", "project", "synced"]
        assert first[1].body["postgres"] == {"status": "up"}
        assert (first[2].body["name"], first[2].body["condition"]) == ("guide", "waiting")
        async with holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test"):
            held = (await stream.read_until("lock", condition="syncing"))[-1]
            assert (held.body["lockedBy"], held.body["name"]) == ("tester", "guide")
            board.enter(project.project_id, "gather")
            gathering = (await stream.read_until("sync"))[-1]
            assert gathering.body["progress"]["phase"] == "gather"
            board.enter(project.project_id, None)
            await stream.read_until("sync", progress=None)
        await stream.read_until("lock", lockedBy=None)
        await mirror.sync(project, source)
        published = (await stream.read_until("project", revision=1))[-1]
        assert published.body["documents"] == 1


async def test_who_comes_back_gets_what_it_missed_and_nothing_else(
    live: tuple[Client, Feeds], mirror: Mirror, key: str
) -> None:
    async with open_stream(live[0], key) as stream:
        last = (await stream.read_until("synced"))[-1].number
        await add_folder(mirror, "one")
        await stream.read_until("project", name="one")
    async with open_stream(live[0], key, after=last) as again:
        (missed,) = await again.read_until("project")
        assert missed.body["name"] == "one"
        assert missed.number != last


@pytest.mark.parametrize("after", ["000000000000.1", "nonsense", "000000000000.99999999999999999999"])
async def test_who_comes_with_the_id_of_another_stream_begins_anew(
    live: tuple[Client, Feeds], key: str, after: str
) -> None:
    async with open_stream(live[0], key, after=after) as stream:
        assert [sent.kind for sent in await stream.read_until("synced")] == ["resync", "servers", "synced"]


async def test_nothing_of_another_tenant_is_sent(
    live: tuple[Client, Feeds], mirror: Mirror, database: Database, redis_server: RedisServer, key: str
) -> None:
    async with open_mirror(database, redis_server, tenant="other") as other, open_stream(live[0], key) as stream:
        await add_folder(other, "theirs-before")
        await stream.read_until("synced")
        theirs = await add_folder(other, "theirs")
        async with holding(other.locking, other.tenant_id, theirs.project_id, reason="theirs"):
            await add_folder(mirror, "ours")
            sent = await stream.read_until("project")
    assert [one.body.get("name") for one in sent] == ["ours"]


async def test_a_key_of_some_projects_follows_those_alone(live: tuple[Client, Feeds], mirror: Mirror) -> None:
    mine = await add_folder(mirror, "mine")
    other = await add_folder(mirror, "other")
    narrow = await add_test_key(mirror.web_pool, mirror.tenant_id, project_ids=[mine.project_id])
    async with open_stream(live[0], narrow) as stream:
        first = await stream.read_until("synced")
        async with (
            holding(mirror.locking, mirror.tenant_id, other.project_id, reason="test"),
            holding(mirror.locking, mirror.tenant_id, mine.project_id, reason="test"),
        ):
            then = await stream.read_until("lock")
    assert [sent.body["name"] for sent in first if sent.kind == "project"] == ["mine"]
    assert [sent.body["github"] for sent in first if sent.kind == "servers"] == [None]
    assert [sent.body["name"] for sent in then] == ["mine"]


async def test_a_project_that_is_removed_is_said_to_be(live: tuple[Client, Feeds], mirror: Mirror, key: str) -> None:
    project = await add_folder(mirror, "guide")
    async with open_stream(live[0], key) as stream:
        await stream.read_until("synced")
        async with mirror.web_pool.acquire() as connection, connection.transaction():
            await connection.execute("select set_config('syncd.tenant', $1, true)", str(mirror.tenant_id))
            await connection.execute("update projects set removed_at = now()")
        gone = (await stream.read_until("removed"))[-1]
    assert gone.body == {"id": str(project.project_id), "name": "guide"}


async def test_who_is_revoked_is_told_and_put_out(
    live: tuple[Client, Feeds], mirror: Mirror, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.web.events.BEAT_SECONDS", 0.05)
    parsed = parse_key(key)
    assert parsed
    async with open_stream(live[0], key) as stream:
        await stream.read_until("synced")
        await revoke_key(mirror.web_pool, mirror.tenant_id, parsed.key_id)
        assert (await stream.read_until("end"))[-1].body["code"] == "unauthorized"
        assert await stream.read() is None


@asynccontextmanager
async def hearing_the_end_of(path: str) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Yield what waits until the endpoint has logged the end of a request for *path*."""
    ended = asyncio.Event()

    class Hearer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() == "request" and record.__dict__["path"] == path:
                ended.set()

    logger, hearer = logging.getLogger("syncd.web"), Hearer()
    logger.addHandler(hearer)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        async with asyncio.timeout(SECONDS):
            yield ended.wait
    finally:
        logger.setLevel(level)
        logger.removeHandler(hearer)


async def test_a_reader_too_many_is_refused_until_another_goes(
    mirror: Mirror, redis: RedisClient, database: Database, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.web.events.BEAT_SECONDS", 0.05)
    async with open_live_client(mirror, redis, database, readers_max=1) as (client, _):
        async with open_stream(client, key) as stream:
            await stream.read_until("synced")
            refused = await client.get("/events", key=key)
            assert (refused.status, refused.headers["Retry-After"]) == (503, "30")
            async with hearing_the_end_of("/events") as ended:
                stream.response.close()
                await ended()
        async with open_stream(client, key) as stream:
            await stream.read_until("synced")


async def test_who_opens_too_many_streams_is_refused_and_others_are_not(
    mirror: Mirror, redis: RedisClient, database: Database, key: str
) -> None:
    async with (
        open_live_client(mirror, redis, database, readers_per_caller=1) as (client, _),
        open_stream(client, key) as stream,
    ):
        await stream.read_until("synced")
        refused = await client.get("/events", key=key)
        assert (refused.status, refused.headers["Retry-After"]) == (429, "30")
        async with open_stream(client, await add_test_key(mirror.web_pool, mirror.tenant_id)) as another:
            await another.read_until("synced")


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
async def test_the_events_are_compressed_for_who_accepts_it_and_readable_as_they_come(
    live: tuple[Client, Feeds], mirror: Mirror, key: str, accepted: str
) -> None:
    client, feeds = live
    headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": accepted}
    async with client.session.get(f"{client.url}/events", headers=headers) as response:
        assert response.headers.get("Content-Encoding", "identity") == accepted
        stream = Stream(response)
        await stream.read_until("synced")
        await add_folder(mirror, "guide")
        await stream.read_until("project", name="guide")
        feeds.close()
        assert await stream.read() is None


async def test_who_does_not_read_is_cut_off(
    live: tuple[Client, Feeds], mirror: Mirror, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.web.events.WRITE_SECONDS", 0.05)
    # More than the kernel takes off our hands: it keeps a few megabytes for each side.
    for number in range(16):
        await add_folder(mirror, f"project-{number}", Path("/srv") / ("x" * 1_000_000))
    client, feeds = live
    host, _, port = client.url.removeprefix("http://").partition(":")
    async with hearing_the_end_of("/events") as ended:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            await asyncio.get_running_loop().sock_connect(deaf, (host, int(port)))
            deaf.send(f"GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
            await ended()
    assert feeds.readers == 0


async def test_the_end_of_the_server_ends_the_streams_by_itself(
    mirror: Mirror, redis: RedisClient, database: Database, key: str
) -> None:
    async with open_live_client(mirror, redis, database) as (client, feeds), open_stream(client, key) as stream:
        await stream.read_until("synced")
        feeds.close()
        assert await stream.read() is None


async def test_without_feeds_it_is_said_where_else_to_look(mirror: Mirror, redis: RedisClient, key: str) -> None:
    async with open_client(replace(make_test_site(mirror.web_pool, redis), feeds=None)) as client:
        assert "/status" in (await client.get("/events", key=key)).error["hint"]


async def test_without_identity_there_are_no_events(live: tuple[Client, Feeds]) -> None:
    assert (await live[0].get("/events")).status == 401
