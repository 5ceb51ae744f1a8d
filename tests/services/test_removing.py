"""A removed project is gone with everything it had, and takes nothing from the others of its tenant."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.projects import mark_removed
from syncd.adapters.postgres.transactions import writing
from syncd.adapters.redis.locks import list_holders, open_redis_client
from syncd.core.locks import Actor
from syncd.services.freezing import LockDesk, freeze_project
from tests.databases import Database
from tests.loop import Loop, count_rows, fetch, open_loop, read_queue, write_pages
from tests.mirror import open_mirror


@pytest_asyncio.fixture
async def loop(database: Database, redis_server: RedisServer) -> AsyncIterator[Loop]:
    async with open_mirror(database, redis_server) as mirror, open_loop(mirror, database.migrator_url) as opened:
        yield opened


async def test_a_removed_project_leaves_no_row_and_no_content_behind(
    loop: Loop, database: Database, tmp_path: Path
) -> None:
    write_pages(tmp_path / "one", "a.md", "shared.md")
    write_pages(tmp_path / "two", "b.md", "shared.md")
    one = await loop.add_folder(tmp_path / "one", name="one")
    await loop.step()
    two = await loop.add_folder(tmp_path / "two", name="two")
    loop.clock.advance(1)
    await loop.step()
    async with writing(loop.mirror.web_pool, loop.mirror.tenant_id) as connection:
        assert await mark_removed(connection, one.project_id, loop.clock())
    loop.clock.advance(100)
    await loop.request(one)
    await loop.step()
    assert not any((await count_rows(database.migrator_url, "project_id", one.project_id)).values())
    assert set(await loop.mirror.read_documents(two)) == {"b.md", "shared.md"}
    contents = await fetch(database.migrator_url, "select text from syncd.blobs")
    assert sorted(row["text"].split()[1] for row in contents) == ["b.md", "shared.md"]
    for table in ("chunks", "document_chunks"):
        assert len(await fetch(database.migrator_url, f"select from syncd.{table}")) == 2
    assert len(await loop.step()) == 0


async def test_a_removed_project_is_deleted_also_when_its_source_is_gone(
    loop: Loop, database: Database, tmp_path: Path
) -> None:
    write_pages(tmp_path / "one", "a.md")
    project = await loop.add_folder(tmp_path / "one")
    await loop.step()
    (tmp_path / "one/a.md").unlink()
    (tmp_path / "one").rmdir()
    async with writing(loop.mirror.web_pool, loop.mirror.tenant_id) as connection:
        await mark_removed(connection, project.project_id, loop.clock())
    loop.clock.advance(100)
    await loop.step()
    assert await fetch(database.migrator_url, "select from syncd.projects") == []
    assert await fetch(database.migrator_url, "select from syncd.blobs") == []


async def test_a_project_that_is_frozen_is_removed_all_the_same_and_redis_shows_nothing_of_it(
    loop: Loop, database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    write_pages(tmp_path / "one", "a.md")
    project = await loop.add_folder(tmp_path / "one")
    await loop.step()
    async with open_redis_client(redis_server.url) as redis:
        locking, tenant_id = loop.mirror.locking, loop.mirror.tenant_id
        desk = LockDesk(
            loop.mirror.web_pool, redis, locking.locks, tenant_id, Actor("ann", is_admin=False), 30, loop.clock
        )
        await freeze_project(desk, project.project_id, reason="the release")
        async with writing(loop.mirror.web_pool, tenant_id) as connection:
            await mark_removed(connection, project.project_id, loop.clock())
        loop.clock.advance(100)
        await loop.request(project)
        await loop.step()
        assert not any((await count_rows(database.migrator_url, "project_id", project.project_id)).values())
        assert await list_holders(redis, [project.project_id]) == {}


async def test_a_sync_whose_contents_were_collected_with_another_project_is_tried_again_soon(
    loop: Loop, database: Database, tmp_path: Path
) -> None:
    write_pages(tmp_path / "one", "a.md")
    one = await loop.add_folder(tmp_path / "one", name="one")
    await loop.step()
    write_pages(tmp_path / "two", *(f"{number}.md" for number in range(250)))
    two = await loop.add_folder(tmp_path / "two", name="two")
    staged, removed = asyncio.Event(), asyncio.Event()

    async def is_staged() -> bool:
        return len(await fetch(database.migrator_url, "select from syncd.blobs")) > 50

    async def wait_until_one_is_removed() -> None:
        # The first batch of two is staged by now or soon, and nothing refers to it yet.
        await loop.wait_until(is_staged)
        staged.set()
        await removed.wait()

    loop.door.after_blobs = (200, wait_until_one_is_removed)
    syncing = asyncio.create_task(loop.step())
    async with asyncio.timeout(5):
        await staged.wait()
    async with writing(loop.mirror.web_pool, loop.mirror.tenant_id) as connection:
        await mark_removed(connection, one.project_id, loop.clock())
    await loop.request(one)
    loop.clock.catch_up()
    await loop.step()
    removed.set()
    await syncing
    assert await fetch(database.migrator_url, "select from syncd.projects where project_id = $1", one.project_id) == []
    assert (await loop.get(two)).reason == "content_moved"
    due_in_seconds, _ = await read_queue(loop, two)
    assert due_in_seconds <= 6
    loop.clock.advance(due_in_seconds)
    await loop.step()
    state = await loop.get(two)
    assert (state.condition, state.reason, state.revision, state.documents) == ("ready", None, 1, 250)
    assert len(await loop.mirror.read_documents(two)) == 250
