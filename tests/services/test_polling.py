"""How often a project is looked at, and how closely."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.core.projects import Project
from syncd.errors import Stalled
from tests.databases import Database
from tests.loop import DoorSource, Loop, fetch, open_loop
from tests.mirror import open_mirror

DAY_SECONDS = 86_400


@pytest_asyncio.fixture
async def loop(database: Database, redis_server: RedisServer) -> AsyncIterator[Loop]:
    async with open_mirror(database, redis_server) as mirror, open_loop(mirror, database.migrator_url) as opened:
        yield opened


async def add_folder(loop: Loop, folder: Path) -> Project:
    (folder / "a.md").write_text("# A page\n")
    return await loop.add_folder(folder)


async def find_pause(database: Database, loop: Loop) -> float:
    """Return in how many seconds of the loop's clock the project is due."""
    (row,) = await fetch(database.migrator_url, "select due_at from syncd.sync_queue")
    return float((row["due_at"] - loop.clock()).total_seconds())


async def list_outcomes(database: Database) -> list[str]:
    rows = await fetch(database.migrator_url, "select outcome from syncd.sync_runs order by finished_at")
    return [row["outcome"] for row in rows]


async def test_a_head_that_did_not_move_is_compared_as_a_whole_once_a_day(
    loop: Loop, database: Database, tmp_path: Path
) -> None:
    project = await add_folder(loop, tmp_path)
    await loop.step()
    loop.clock.advance(DAY_SECONDS - 1)
    await loop.step()
    assert await list_outcomes(database) == ["changed"]
    loop.clock.advance(DAY_SECONDS + 1)
    await loop.step()
    loop.clock.advance(DAY_SECONDS / 2)
    await loop.step()
    assert await list_outcomes(database) == ["changed", "noop"]
    compared = await loop.get(project)
    assert (compared.revision, compared.condition) == (1, "ready")


async def test_a_repository_whose_hook_works_is_polled_seldom(loop: Loop, database: Database, tmp_path: Path) -> None:
    await add_folder(loop, tmp_path)
    await fetch(database.migrator_url, "update syncd.sync_queue set delivered_at = $1", loop.clock())
    await loop.step()
    due_in = await find_pause(database, loop)
    assert 270 <= due_in <= 330
    loop.clock.advance(DAY_SECONDS + 1)
    await loop.step()
    due_in = await find_pause(database, loop)
    assert 54 <= due_in <= 66


@pytest.mark.parametrize("trouble", [None, Stalled("repository_not_found", "It is not there.")])
async def test_a_source_that_cannot_bear_it_is_polled_seldom_also_in_trouble(
    loop: Loop, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Stalled | None
) -> None:
    async def fail() -> None:
        if trouble is not None:
            raise trouble

    monkeypatch.setattr(DoorSource, "poll_least_seconds", 600.0)
    await add_folder(loop, tmp_path)
    await loop.step()
    loop.door.after_head = fail
    loop.clock.advance(1000)
    await loop.step()
    assert 540 <= await find_pause(database, loop) <= 660
    assert loop.parts.least_seconds == {}
