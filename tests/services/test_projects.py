"""Projects as people handle them: added once, waited for, removed, and asked for by nearly the right name."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import open_redis_client
from syncd.core.locks import Actor
from syncd.core.projects import NewProject
from syncd.errors import BadUsage, Busy, NotFound, Rejected, RetryLater, Stalled, SyncdError, Unreachable
from syncd.services.freezing import LockDesk, freeze_project
from syncd.services.projects import (
    Shelf,
    change_project,
    create_project,
    get_project,
    make_folder_project,
    make_project_name,
    put_project,
    remove_project,
    request_project_sync,
    wait_until_synced,
)
from tests.databases import Database
from tests.loop import Loop, fetch, open_loop
from tests.mirror import open_mirror


@pytest_asyncio.fixture
async def loop(database: Database, redis_server: RedisServer) -> AsyncIterator[Loop]:
    async with open_mirror(database, redis_server) as mirror, open_loop(mirror, database.migrator_url) as opened:
        yield opened


@pytest.fixture
def shelf(loop: Loop) -> Shelf:
    return Shelf(loop.mirror.web_pool, loop.mirror.tenant_id, None, loop.clock)


def make_new(tmp_path: Path, name: str = "guide") -> NewProject:
    (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / name / "a.md").write_text("# A\n")
    return NewProject(name, "folder", folder=str(tmp_path / name))


async def test_putting_a_project_twice_is_one_project_brought_to_the_newest_wish(shelf: Shelf, tmp_path: Path) -> None:
    new = make_new(tmp_path)
    first = await put_project(shelf, new)
    second = await put_project(
        shelf, NewProject("guide", "folder", folder=new.folder, docs_path="x", exclude=("b/**",))
    )
    assert second.project_id == first.project_id
    stored = await get_project(shelf, "guide")
    assert (stored.docs_path, stored.exclude) == ("x", ("b/**",))


async def test_a_renamed_project_is_gone_on_with_unless_a_name_is_asked_for(shelf: Shelf, tmp_path: Path) -> None:
    new = make_new(tmp_path)
    project = await put_project(shelf, new, is_named=False)
    await change_project(shelf, project, {"name": "manual"})
    assert (await put_project(shelf, new, is_named=False)).project_id == project.project_id
    part = await put_project(shelf, replace(new, docs_path="part"), is_named=False)
    assert (part.name, part.project_id == project.project_id) == ("guide", False)
    await change_project(shelf, part, {"name": "part"})
    assert (await put_project(shelf, new)).name == "guide"
    assert [(await get_project(shelf, name)).docs_path for name in ("guide", "manual", "part")] == [None, None, "part"]


async def test_a_changed_wish_is_synced_though_the_source_stands_still(
    loop: Loop, shelf: Shelf, tmp_path: Path
) -> None:
    new = make_new(tmp_path)
    (tmp_path / "guide/b.txt").write_text("b\n")
    project = await put_project(shelf, new)
    loop.clock.catch_up()
    await loop.step()
    assert set(await loop.mirror.read_documents(project)) == {"a.md", "b.txt"}
    loop.clock.advance(1)
    await put_project(shelf, NewProject("guide", "folder", folder=new.folder, exclude=("**/*.txt",)))
    await loop.step()
    assert set(await loop.mirror.read_documents(project)) == {"a.md"}


async def test_a_name_is_taken_until_its_project_is_removed(shelf: Shelf, tmp_path: Path) -> None:
    new = make_new(tmp_path)
    await create_project(shelf, new)
    with pytest.raises(Rejected, match="There is a project named guide already"):
        await create_project(shelf, new)
    await remove_project(shelf, await get_project(shelf, "guide"))
    with pytest.raises(NotFound):
        await get_project(shelf, "guide")
    assert (await create_project(shelf, new)).name == "guide"


async def test_a_name_that_is_nearly_right_is_suggested(shelf: Shelf, tmp_path: Path) -> None:
    await create_project(shelf, make_new(tmp_path, "handbook"))
    with pytest.raises(NotFound) as caught:
        await get_project(shelf, "hanbook")
    assert caught.value.hint == "Did you mean handbook?"
    with pytest.raises(NotFound) as caught:
        await get_project(shelf, "zzz")
    assert "syncd project list" in caught.value.hint


async def test_a_token_is_refused_without_a_key_to_seal_it(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(BadUsage) as caught:
        await create_project(shelf, make_new(tmp_path), token="ghp_canary")
    assert caught.value.code == "master_keys_missing"
    with pytest.raises(NotFound):
        await get_project(shelf, "guide")


async def test_waiting_returns_when_a_look_that_began_after_the_request_has_ended(
    loop: Loop, shelf: Shelf, tmp_path: Path
) -> None:
    project = await create_project(shelf, make_new(tmp_path))
    loop.clock.catch_up()
    since = await request_project_sync(shelf, project)
    waiting = asyncio.ensure_future(wait_until_synced(shelf, project, since=since, timeout_seconds=5))
    await loop.step()
    assert (await waiting).revision == 1
    # What ended before the request does not count.
    with pytest.raises(RetryLater) as caught:
        await wait_until_synced(shelf, project, since=loop.clock() + timedelta(seconds=1), timeout_seconds=0.05)
    assert caught.value.code == "sync_not_finished"


async def test_a_frozen_project_that_equals_its_source_is_waited_for_and_shown_as_frozen(
    loop: Loop, shelf: Shelf, redis_server: RedisServer, tmp_path: Path
) -> None:
    project = await create_project(shelf, make_new(tmp_path))
    loop.clock.catch_up()
    since = await request_project_sync(shelf, project)
    await loop.step()
    async with open_redis_client(redis_server.url) as redis:
        bob = Actor("bob", is_admin=False)
        desk = LockDesk(shelf.pool, redis, loop.mirror.locking.locks, shelf.tenant_id, bob, 30, loop.clock)
        await freeze_project(desk, project.project_id, reason="a release")
    shown = await wait_until_synced(shelf, project, since=since, timeout_seconds=5)
    assert (shown.revision, shown.condition) == (1, "frozen")


@pytest.mark.parametrize(
    ("condition", "reason", "family"),
    [
        ("stalled", "branch_missing", Stalled),
        ("frozen", "project_frozen", Busy),
        ("waiting", "github_unreachable", Unreachable),
        ("waiting", "rate_limited", RetryLater),
    ],
)
async def test_waiting_raises_the_trouble_of_the_look_in_its_family(
    loop: Loop, shelf: Shelf, database: Database, tmp_path: Path, condition: str, reason: str, family: type[SyncdError]
) -> None:
    project = await create_project(shelf, make_new(tmp_path))
    await fetch(
        database.migrator_url,
        "update syncd.projects set condition = $1, reason = $2, message = 'So it is.', hint = 'Do.', attempted_at = $3",
        condition,
        reason,
        loop.clock(),
    )
    with pytest.raises(SyncdError) as caught:
        await wait_until_synced(shelf, project, since=loop.clock(), timeout_seconds=5)
    assert (type(caught.value), caught.value.code, caught.value.message) == (family, reason, "So it is.")


async def test_waiting_for_a_project_that_is_removed_ends(loop: Loop, shelf: Shelf, tmp_path: Path) -> None:
    project = await create_project(shelf, make_new(tmp_path))
    await remove_project(shelf, await get_project(shelf, "guide"))
    with pytest.raises(NotFound):
        await wait_until_synced(shelf, project, since=loop.clock(), timeout_seconds=5)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("httpx", "httpx"),
        (".github", "github"),
        ("Größe & mehr", "Gr--e---mehr"),
        ("---", "docs"),
        ("", "docs"),
        ("x" * 200, "x" * 100),
        ("a/b", "a-b"),
    ],
)
def test_a_project_name_is_made_of_anything(text: str, name: str) -> None:
    assert make_project_name(text) == name


def test_a_folder_is_a_project_only_below_a_root_and_by_its_real_place(tmp_path: Path) -> None:
    (tmp_path / "root/docs").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "root/link").symlink_to(tmp_path / "outside")
    roots = [tmp_path / "root"]
    made = make_folder_project(tmp_path / "root/docs", roots=roots, name=None, docs_path=None)
    assert (made.name, made.folder) == ("docs", str(tmp_path / "root/docs"))
    for path in (tmp_path / "outside", tmp_path / "root/link", tmp_path / "root/../outside", tmp_path):
        with pytest.raises(BadUsage) as caught:
            make_folder_project(path, roots=roots, name=None, docs_path=None)
        assert caught.value.code == "folder_not_allowed"
    assert make_folder_project(tmp_path / "outside", roots=None, name="x", docs_path=None).name == "x"
