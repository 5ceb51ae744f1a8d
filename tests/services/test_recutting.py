"""A new chunker: stored documents are cut anew in the background, and can be read and searched at every moment."""

import asyncio
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.publishing import collect_orphans
from syncd.adapters.postgres.reading.ranked import Page, Scope, search
from syncd.adapters.postgres.reading.search import Searched
from syncd.adapters.postgres.transactions import fenced, in_project, reading
from syncd.core.locks import Lock
from syncd.core.projects import Project
from syncd.services.locking import holding
from syncd.services.recutting import recut_project
from tests.databases import Database
from tests.loop import Loop, open_loop
from tests.mirror import Mirror
from tests.services.chunkers import NEXT_VERSION, bring_in_next_chunker
from tests.services.folder_projects import add_folder, count, sync_folder, write

DEADLINE_SECONDS = 5


def make_text(name: str) -> bytes:
    return (f"# About {name}\n\n" + f"A sentence on {name} that is repeated. \n\n" * 30).encode()


async def make_history(mirror: Mirror, folder: Path, names: str) -> Project:
    """Sync documents, edit one, remove one: there are closed versions too."""
    write(folder, {f"{name}.md": make_text(name) for name in names})
    project = await add_folder(mirror, folder)
    await sync_folder(mirror, project)
    (folder / f"{names[0]}.md").write_bytes(make_text("something else"))
    (folder / f"{names[1]}.md").unlink()
    await sync_folder(mirror, project)
    return project


async def count_old(connection: Connection) -> int:
    return int(
        await connection.fetchval("select count(*) from document_versions where chunker_version < $1", NEXT_VERSION)
    )


async def check_layouts(mirror: Mirror, project: Project) -> None:
    """Every version is read by one complete layout, and the statistics are those of a recount over what is current."""
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        rows = await connection.fetch(
            """
            select v.revision_to is null as is_current, b.text, p.char_from, p.char_to, c.body, c.term_ids, v.document_id, v.revision_from
            from document_versions v
            join blobs b using (tenant_id, content_hash)
            join document_chunks p using (tenant_id, content_hash, format, title, chunker_version)
            join chunks c using (tenant_id, chunk_hash)
            order by v.document_id, v.revision_from, p.ordinal
            """
        )
        versions = await connection.fetch(
            "select document_id, revision_from, text from document_versions join blobs using (tenant_id, content_hash)"
        )
        kept = await connection.fetch(
            "select term_id, document_frequency from term_stats where document_frequency <> 0"
        )
    texts: dict[tuple[object, int], str] = {}
    for row in rows:
        key = (row["document_id"], row["revision_from"])
        texts[key] = texts.get(key, "") + row["body"]
    assert texts == {(row["document_id"], row["revision_from"]): row["text"] for row in versions}
    current = [row for row in rows if row["is_current"]]
    recount = Counter(term_id for row in current for term_id in row["term_ids"])
    assert {row["term_id"]: row["document_frequency"] for row in kept} == dict(recount)
    assert (await mirror.get_project(project.project_id)).chunks == len(current)


async def recut(mirror: Mirror, project: Project) -> bool:
    async with holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test") as lock:
        clock = mirror.work.clock
        return await recut_project(mirror.work.store, lock, clock=clock, until=clock() + timedelta(minutes=1))


async def test_after_a_new_chunker_every_version_is_read_by_a_new_layout(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await make_history(mirror, tmp_path, "abc")
    before = (await mirror.get_project(project.project_id)).chunks
    bring_in_next_chunker(monkeypatch)
    assert await recut(mirror, project)
    await check_layouts(mirror, project)
    after = await mirror.get_project(project.project_id)
    assert after.chunks > before
    assert after.chunker_version == NEXT_VERSION
    assert after.revision == 2, "what is read is the same; no revision is made of it"


async def find_paths(mirror: Mirror, project: Project, *, revision: int) -> set[str]:
    """Search as agents do, and return which documents are found."""
    project = await mirror.get_project(project.project_id)
    scope = Scope({project.project_id: Searched(project.chunks, revision)})
    async with reading(mirror.read_pool, mirror.tenant_id) as connection:
        found = await search(connection, scope, "a sentence that is repeated", page=Page(20, per_document=1, limit=20))
    assert all(hit.body for hit in found.hits)
    return {hit.place.path for hit in found.hits}


async def test_search_finds_every_document_at_every_step_of_a_recut_and_beside_it(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await make_history(mirror, tmp_path, "abcdefgh")
    former, newest = {f"{name}.md" for name in "abcdefgh"}, {f"{name}.md" for name in "acdefgh"}
    assert await find_paths(mirror, project, revision=1) == former
    bring_in_next_chunker(monkeypatch)
    monkeypatch.setattr("syncd.services.recutting.BATCH_BLOBS", 1)

    async def step(lock: Lock) -> bool:
        times = iter((timedelta(), timedelta(hours=2)))
        begun = mirror.work.clock()
        until = begun + timedelta(hours=1)
        return await recut_project(mirror.work.store, lock, clock=lambda: begun + next(times), until=until)

    async def keep_searching() -> None:
        while not finished.is_set():
            assert await find_paths(mirror, project, revision=2) == newest

    finished, steps = asyncio.Event(), 0
    async with (
        holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test") as lock,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(keep_searching())
        try:
            while not await step(lock):
                steps += 1
                assert await find_paths(mirror, project, revision=1) == former
                assert await find_paths(mirror, project, revision=2) == newest
        finally:
            finished.set()
    assert steps == len(former), "one for each version but the last, whose step ends it"
    await check_layouts(mirror, project)


async def test_between_two_chunkers_a_sync_mixes_their_layouts_and_loses_nothing(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await make_history(mirror, tmp_path, "abc")
    bring_in_next_chunker(monkeypatch)
    write(tmp_path, {"c.md": make_text("the newest"), "d.md": make_text("d")})
    await sync_folder(mirror, project)
    await check_layouts(mirror, project)
    assert (await mirror.get_project(project.project_id)).chunker_version < NEXT_VERSION
    assert await recut(mirror, project)
    await check_layouts(mirror, project)


async def test_a_killed_recut_leaves_complete_layouts_and_the_next_goes_on(
    mirror: Mirror, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await make_history(mirror, tmp_path, "abcdefghijklmnopqrstuvwxyz")
    async with holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test") as lock:
        child = await start_recut(database, lock)
        try:
            left = await wait_for_progress(mirror, project, done=3)
        finally:
            child.kill()
            await child.wait()
    await check_layouts(mirror, project)
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        assert 0 < await count_old(connection) <= left
    bring_in_next_chunker(monkeypatch)
    assert await recut(mirror, project)
    await check_layouts(mirror, project)


async def start_recut(database: Database, lock: Lock) -> asyncio.subprocess.Process:
    arguments = (lock.tenant_id, lock.project_id, lock.fence, lock.nonce)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.services.chunkers", database.sync_url, *map(str, arguments)
    )


async def wait_for_progress(mirror: Mirror, project: Project, *, done: int) -> int:
    """Return how many versions are left when *done* of them are cut anew."""
    async with (
        asyncio.timeout(4 * DEADLINE_SECONDS),
        in_project(mirror.pool, mirror.tenant_id, project.project_id) as reader,
    ):
        first = await count_old(reader)
        left = first
        while left > first - done:
            left = await count_old(reader)
    return left


async def test_a_holder_that_lost_its_lease_cuts_nothing_anew(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await make_history(mirror, tmp_path, "abc")
    bring_in_next_chunker(monkeypatch)
    async with holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test") as lock:
        stale = Lock(lock.tenant_id, lock.project_id, lock.fence - 1, lock.nonce)
        clock = mirror.work.clock
        with pytest.raises(Exception, match="lock of the project was lost"):
            await recut_project(mirror.work.store, stale, clock=clock, until=clock() + timedelta(minutes=1))
    await check_layouts(mirror, project)
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        assert await count_old(connection) == len(await connection.fetch("select 1 from document_versions"))


async def test_layouts_that_nothing_is_read_by_any_more_go_with_the_orphans(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await make_history(mirror, tmp_path, "abc")
    bring_in_next_chunker(monkeypatch)
    before = await count(mirror, project, "document_chunks")
    assert await recut(mirror, project)
    assert await count(mirror, project, "document_chunks") > before
    async with holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test") as lock:
        for age, kept in ((timedelta(days=1), True), (timedelta(seconds=-1), False)):
            async with fenced(mirror.pool, lock) as connection:
                await collect_orphans(connection, mirror.work.clock() - age)
            async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
                old = "select count(*) from {} where chunker_version < $1"
                assert bool(await connection.fetchval(old.format("document_chunks"), NEXT_VERSION)) is kept
                assert bool(await connection.fetchval(old.format("chunks"), NEXT_VERSION)) is kept
    await check_layouts(mirror, project)


async def test_the_loop_cuts_anew_beside_an_unchanged_head_and_looks_again_until_it_is_done(
    mirror: Mirror, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_loop(mirror, database.migrator_url) as loop:
        project = await add_synced(loop, tmp_path)
        bring_in_next_chunker(monkeypatch)
        monkeypatch.setattr("syncd.services.attending.RECUT_SECONDS", -1.0)
        await loop.request(project)
        await loop.step()
        assert (await loop.get(project)).chunker_version < NEXT_VERSION
        monkeypatch.undo()
        bring_in_next_chunker(monkeypatch)
        await loop.step()
        assert (await loop.get(project)).chunker_version == NEXT_VERSION
    await check_layouts(mirror, project)


async def add_synced(loop: Loop, folder: Path) -> Project:
    write(folder, {"a.md": make_text("a"), "b.md": make_text("b")})
    project = await loop.add_folder(folder, name="docs")
    await loop.step()
    assert (await loop.get(project)).revision == 1
    return project
