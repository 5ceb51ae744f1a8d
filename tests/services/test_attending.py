"""One look at one project: what is written, what is said, and when to look again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer, open_redis
from syncd.adapters.postgres.transactions import in_project
from syncd.adapters.redis.locks import Identity, ProjectLocks, open_redis_client
from syncd.core.projects import Project
from syncd.core.schedule import FIRST_BACKOFF_SECONDS, STALLED_SECONDS
from syncd.errors import RetryLater, Stalled
from syncd.services.locking import Locking
from syncd.services.projects import Shelf, get_project_by_id
from tests.databases import Database, run_statement
from tests.loop import Loop, count_rows, fetch, open_folder, open_loop, read_queue, write_pages
from tests.mirror import Mirror


@pytest_asyncio.fixture
async def loop(mirror: Mirror, database: Database) -> AsyncIterator[Loop]:
    async with open_loop(mirror, database.migrator_url) as opened:
        yield opened


async def read_runs(loop: Loop, project: Project) -> list[tuple[str, str | None]]:
    async with in_project(loop.mirror.pool, loop.mirror.tenant_id, project.project_id) as connection:
        rows = await connection.fetch("select outcome, error_code from sync_runs order by finished_at")
    return [(row["outcome"], row["error_code"]) for row in rows]


async def test_an_unchanged_look_takes_no_lock_and_writes_nothing_but_a_time(
    loop: Loop, database: Database, tmp_path: Path
) -> None:
    write_pages(tmp_path, "a.md")
    project = await loop.add_folder(tmp_path)
    await loop.step()
    before = await loop.get(project)
    rows = await count_rows(database.migrator_url, "tenant_id", loop.mirror.tenant_id)
    fences = await fetch(database.migrator_url, "select * from syncd.project_leases")
    loop.clock.advance(100)
    assert len(await loop.step()) == 1
    after = await loop.get(project)
    assert after == replace(before, checked_at=loop.clock(), attempted_at=loop.clock())
    assert await count_rows(database.migrator_url, "tenant_id", loop.mirror.tenant_id) == rows
    assert await fetch(database.migrator_url, "select * from syncd.project_leases") == fences
    assert 54 <= (await read_queue(loop, project))[0] <= 66


async def test_a_collection_of_orphans_that_fails_fails_no_sync(
    loop: Loop, database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await run_statement(database.migrator_url, "drop function syncd.collect_orphans(timestamptz)")
    write_pages(tmp_path, "a.md")
    project = await loop.add_folder(tmp_path)
    await loop.step()
    assert await read_runs(loop, project) == [("changed", None)]
    assert (await loop.get(project)).condition == "ready"
    assert "orphans not collected" in caplog.messages


async def test_a_project_without_documents_says_so_after_every_look(loop: Loop, tmp_path: Path) -> None:
    project = await loop.add_folder(tmp_path)
    for _ in range(2):
        await loop.step()
        state = await loop.get(project)
        assert (state.condition, state.reason) == ("ready", "no_documents")
        loop.clock.advance(100)


@pytest.mark.parametrize(
    ("failure", "condition", "code", "least_seconds", "most_seconds"),
    [
        (RetryLater("rate_limited", "Later.", hint="Wait.", after_seconds=40), "waiting", "rate_limited", 40, 45),
        (Stalled("branch_missing", "Gone.", hint="Make it."), "stalled", "branch_missing", 270, 330),
        (ZeroDivisionError("a secret"), "waiting", "internal_error", 60, 65),
    ],
    ids=["later", "stalled", "internal"],
)
async def test_each_family_of_trouble_has_its_condition_and_its_next_try(
    loop: Loop,
    tmp_path: Path,
    failure: Exception,
    condition: str,
    code: str,
    least_seconds: float,
    most_seconds: float,
) -> None:
    write_pages(tmp_path, "a.md")
    project = await loop.add_folder(tmp_path)
    loop.door.failures.append(failure)
    await loop.step()
    state = await loop.get(project)
    assert (state.condition, state.reason, state.attempted_at) == (condition, code, loop.clock())
    assert state.message
    assert "secret" not in state.message
    assert state.hint
    due_in_seconds, failures = await read_queue(loop, project)
    assert least_seconds <= due_in_seconds <= most_seconds
    assert state.next_try_at == loop.clock() + timedelta(seconds=due_in_seconds)
    assert failures == 1
    loop.clock.advance(due_in_seconds)
    await loop.step()
    state = await loop.get(project)
    assert (state.condition, state.reason, state.message, state.hint, state.next_try_at) == ("ready", *[None] * 4)
    assert (await read_queue(loop, project))[1] == 0


async def test_a_trouble_ends_when_the_source_is_found_unchanged(loop: Loop, tmp_path: Path) -> None:
    write_pages(tmp_path, "a.md")
    project = await loop.add_folder(tmp_path)
    await loop.step()
    loop.clock.advance(100)
    loop.door.failures.append(Stalled("access_denied", "No.", hint="Ask."))
    await loop.step()
    assert (await loop.get(project)).condition == "stalled"
    loop.clock.advance(1000)
    await loop.step()
    assert ((await loop.get(project)).condition, (await loop.get(project)).reason) == ("ready", None)


async def test_failures_in_a_row_back_off_and_a_success_forgets_them(loop: Loop, tmp_path: Path) -> None:
    write_pages(tmp_path, "a.md")
    project = await loop.add_folder(tmp_path)
    for failures in range(1, 9):
        loop.door.failures.append(RetryLater("away", "Away.", after_seconds=1))
        await loop.step()
        due_in_seconds, counted = await read_queue(loop, project)
        assert counted == failures
        assert 1 <= due_in_seconds <= 1 + FIRST_BACKOFF_SECONDS * 2 ** (failures - 1)
        loop.clock.advance(due_in_seconds)
    await loop.step()
    assert (await read_queue(loop, project))[1] == 0
    assert (await loop.get(project)).revision == 1


async def test_a_request_of_a_person_forgets_the_failures(loop: Loop, tmp_path: Path) -> None:
    project = await loop.add_folder(tmp_path)
    loop.door.failures.append(Stalled("path_missing", "No.", hint="Look."))
    await loop.step()
    assert (await read_queue(loop, project))[0] >= STALLED_SECONDS * 0.9
    await loop.request(project)
    assert await read_queue(loop, project) == (0, 0)


async def _fail() -> None:
    raise RetryLater("listing_failed", "The listing is incomplete.")


async def test_a_failed_sync_is_recorded_with_its_code_and_its_commit(loop: Loop, tmp_path: Path) -> None:
    write_pages(tmp_path, "a.md")
    project = await loop.add_folder(tmp_path)
    await loop.step()
    write_pages(tmp_path, "b.md")
    loop.clock.advance(100)
    loop.door.before_listing = _fail
    await loop.step()
    assert await read_runs(loop, project) == [("changed", None), ("failed", "listing_failed")]
    async with in_project(loop.mirror.pool, loop.mirror.tenant_id, project.project_id) as connection:
        run = await connection.fetchrow("select * from sync_runs where outcome = 'failed'")
    assert run
    assert (run["revision"], run["added"], run["started_at"]) == (1, 0, loop.clock())
    assert run["error_message"] == "The listing is incomplete."
    assert (await loop.get(project)).revision == 1


async def test_an_unexpected_failure_of_a_sync_is_recorded_too(loop: Loop, tmp_path: Path) -> None:
    async def fail() -> None:
        raise ZeroDivisionError("a secret")

    write_pages(tmp_path, "a.md")
    project = await loop.add_folder(tmp_path)
    loop.door.before_listing = fail
    await loop.step()
    assert await read_runs(loop, project) == [("failed", "internal_error")]
    assert (await loop.get(project)).reason == "internal_error"


async def test_a_failure_before_the_lock_leaves_no_run(loop: Loop, tmp_path: Path) -> None:
    project = await loop.add_folder(tmp_path)
    loop.door.failures.append(Stalled("repository_not_found", "No.", hint="Look."))
    await loop.step()
    assert await read_runs(loop, project) == []


async def test_a_frozen_project_is_not_synced_and_says_who_froze_it(
    loop: Loop, database: Database, tmp_path: Path
) -> None:
    write_pages(tmp_path, "a.md")
    project = await loop.add_folder(tmp_path)
    await fetch(
        database.migrator_url,
        "update syncd.project_leases set freeze_id = gen_random_uuid(), frozen_by = 'Ann', freeze_reason = $1",
        "a release",
    )
    await loop.step()
    state = await loop.get(project)
    assert (state.condition, state.reason, state.revision) == ("frozen", "project_frozen", 0)
    assert state.message == "The project was frozen by Ann: a release."
    await fetch(database.migrator_url, "update syncd.project_leases set freeze_id = null returning 1")
    loop.clock.advance((await read_queue(loop, project))[0])
    await loop.step()
    assert ((await loop.get(project)).condition, (await loop.get(project)).revision) == ("ready", 1)


async def test_a_freeze_that_was_lifted_is_not_shown_until_the_next_look(
    loop: Loop, database: Database, tmp_path: Path
) -> None:
    project = await loop.add_folder(tmp_path)
    freeze = (
        "update syncd.project_leases set freeze_id = gen_random_uuid(), frozen_by = 'Ann', freeze_reason = 'a release'"
    )
    await run_statement(database.migrator_url, freeze)
    await loop.step()
    shelf = Shelf(loop.mirror.web_pool, project.tenant_id, None, loop.clock)
    assert (await get_project_by_id(shelf, project.project_id)).condition == "frozen"
    await run_statement(database.migrator_url, "update syncd.project_leases set freeze_id = null")
    shown = await get_project_by_id(shelf, project.project_id)
    assert (shown.condition, shown.reason, shown.message, shown.next_try_at) == ("waiting", None, None, None)


async def test_a_project_that_somebody_else_holds_waits_without_counting_a_failure(
    loop: Loop, redis_server: RedisServer, tmp_path: Path
) -> None:
    write_pages(tmp_path, "a.md")
    project = await loop.add_folder(tmp_path)
    nonce = uuid4()
    async with open_redis_client(redis_server.url) as redis:
        other = ProjectLocks(redis, Identity("another daemon", "elsewhere"), lease_seconds=30)
        assert await other.acquire(project.project_id, nonce, reason="syncing", kind="sync") is None
        await loop.step()
        # Its holder says how it stands; we say nothing.
        assert ((await loop.get(project)).condition, (await loop.get(project)).reason) == ("syncing", None)
        assert await read_queue(loop, project) == (5, 0)
        assert await other.release(project.project_id, nonce)
    loop.clock.advance(5)
    await loop.step()
    assert (await loop.get(project)).revision == 1


async def test_most_documents_gone_is_believed_at_the_second_look(loop: Loop, tmp_path: Path) -> None:
    write_pages(tmp_path, *(f"{number}.md" for number in range(30)))
    project = await loop.add_folder(tmp_path)
    await loop.step()
    for path in sorted(tmp_path.iterdir())[:25]:
        path.unlink()
    loop.clock.advance(100)
    await loop.step()
    state = await loop.get(project)
    assert (state.condition, state.reason, state.documents) == ("stalled", "mass_deletion_held", 30)
    assert (await read_queue(loop, project))[0] == 10
    loop.clock.advance(10)
    await loop.step()
    state = await loop.get(project)
    assert (state.condition, state.reason, state.documents) == ("ready", None, 5)
    assert await read_runs(loop, project) == [("changed", None), ("failed", "mass_deletion_held"), ("changed", None)]


async def test_a_tree_that_comes_and_goes_is_held_each_time(loop: Loop, tmp_path: Path) -> None:
    folder, away = tmp_path / "docs", tmp_path / "away"
    away.mkdir()
    write_pages(folder, *(f"{number}.md" for number in range(30)))
    project = await loop.add_folder(folder)
    await loop.step()
    for _ in range(2):
        loop.clock.advance(1000)
        for path in sorted(folder.iterdir())[5:]:
            path.rename(away / path.name)
        await loop.step()
        assert (await loop.get(project)).reason == "mass_deletion_held"
        loop.clock.advance(1000)
        for path in sorted(away.iterdir()):
            path.rename(folder / path.name)
        await loop.step()
        assert ((await loop.get(project)).condition, (await loop.get(project)).documents) == ("ready", 30)


async def test_a_look_that_another_daemon_overtook_asks_for_the_head_again(loop: Loop, tmp_path: Path) -> None:
    write_pages(tmp_path, "a.md")
    project = await loop.add_folder(tmp_path)
    await loop.step()
    write_pages(tmp_path, "b.md")

    overtaken = asyncio.Event()

    async def let_another_daemon_sync() -> None:
        if overtaken.is_set():
            return
        overtaken.set()
        assert await loop.mirror.sync(project, open_folder(project))

    loop.door.after_head = let_another_daemon_sync
    loop.clock.advance(100)
    await loop.step()
    state = await loop.get(project)
    assert (state.condition, state.revision, state.documents) == ("ready", 2, 2)
    assert await read_runs(loop, project) == [("changed", None), ("changed", None)]


async def test_a_sync_that_lost_its_lock_waits_and_leaves_no_run(loop: Loop, tmp_path: Path) -> None:
    write_pages(tmp_path, "a.md")
    project = await loop.add_folder(tmp_path)

    async def take_the_fence() -> None:
        async with in_project(loop.mirror.pool, loop.mirror.tenant_id, project.project_id) as connection:
            await connection.execute("update project_leases set fence = fence + 1, nonce = gen_random_uuid()")

    loop.door.before_listing = take_the_fence
    await loop.step()
    state = await loop.get(project)
    assert (state.condition, state.reason, state.revision) == ("waiting", "lease_lost", 0)
    assert await read_runs(loop, project) == []


async def test_without_redis_no_sync_starts_and_it_goes_on_by_itself(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    write_pages(tmp_path / "docs", "a.md")
    server = partial(open_redis, tmp_path / "redis", run_directory=tmp_path / "run")
    async with server() as first:
        url = first.url
    async with open_redis_client(url) as redis:
        locks = ProjectLocks(redis, Identity("tester", "localhost"), lease_seconds=30)
        alone = replace(mirror, locking=Locking(mirror.pool, locks, "tester", 30))
        async with open_loop(alone, database.migrator_url) as loop:
            project = await loop.add_folder(tmp_path / "docs")
            await loop.step()
            state = await loop.get(project)
            assert (state.condition, state.reason, state.revision) == ("waiting", "redis_unreachable", 0)
            assert await read_runs(loop, project) == []
            assert await fetch(database.migrator_url, "select from syncd.project_leases where fence > 0") == []
            loop.clock.advance((await read_queue(loop, project))[0])
            async with server() as second:
                assert second.url == url
                await loop.step()
                assert ((await loop.get(project)).condition, (await loop.get(project)).revision) == ("ready", 1)


async def test_a_sync_says_which_phase_it_enters_and_that_it_ended(loop: Loop, tmp_path: Path) -> None:
    told: list[str | None] = []
    parts = replace(loop.parts, work=replace(loop.parts.work, report_phase=lambda _project, phase: told.append(phase)))
    write_pages(tmp_path, "a.md")
    await loop.add_folder(tmp_path)
    await replace(loop, parts=parts).step()
    assert [phase for number, phase in enumerate(told) if phase not in told[:number]] == [
        "gather",
        "plan",
        "fetch",
        "chunk",
        "apply",
        None,
    ]
    assert told[-1] is None


async def test_a_sync_that_fails_says_that_it_ended(loop: Loop, tmp_path: Path) -> None:
    async def fail() -> None:
        raise RetryLater("source_away", "The source is away.", hint="It heals.")

    told: list[str | None] = []
    parts = replace(loop.parts, work=replace(loop.parts.work, report_phase=lambda _project, phase: told.append(phase)))
    write_pages(tmp_path, "a.md")
    await loop.add_folder(tmp_path)
    loop.door.before_listing = fail
    await replace(loop, parts=parts).step()
    assert told == ["gather", None]
