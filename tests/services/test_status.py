"""What operators are told of a project that is well, of one that is not, and of very many."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.adapters.postgres.publishing import add_run
from syncd.adapters.postgres.queue import mark_condition
from syncd.adapters.postgres.transactions import fenced, in_project
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from syncd.adapters.redis.progress import put_progress
from syncd.core.progress import Progress
from syncd.core.projects import NewProject, Project
from syncd.core.runs import Outcome, Run
from syncd.errors import Stalled
from syncd.services.lock_keeping import warn_of_eviction
from syncd.services.locking import holding
from syncd.services.status import get_status
from syncd.services.status_document import make_status_document
from tests.databases import Database
from tests.loop import fetch
from tests.mirror import Mirror
from tests.valkeys import running_valkey

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def add_folder(mirror: Mirror, name: str) -> Project:
    return await mirror.add_project(NewProject(name=name, source="folder", folder=f"/srv/{name}"))


async def show(mirror: Mirror, redis: RedisClient, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on
    status = await get_status(mirror.web_pool, redis, mirror.tenant_id, **{"project_ids": None, "now": NOW, **options})
    return make_status_document(status)


async def add_failed_run(mirror: Mirror, project: Project, *, started_at: datetime, outcome: Outcome) -> None:
    failed = outcome is Outcome.FAILED
    run = Run(
        outcome=outcome,
        from_commit=None,
        to_commit="a" * 40,
        tree_sha=None,
        revision=0,
        started_at=started_at,
        finished_at=started_at + timedelta(seconds=2),
        milliseconds={"fetch": 1.5},
        error_code="blob_missing" if failed else None,
        error_message="A file is missing." if failed else None,
    )
    async with (
        holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test") as lock,
        fenced(mirror.pool, lock) as connection,
    ):
        await add_run(connection, project.project_id, run, fence=lock.fence)


async def test_a_new_project_waits_and_has_no_run(mirror: Mirror, redis: RedisClient) -> None:
    await add_folder(mirror, "guide")
    document = await show(mirror, redis)
    (shown,) = document["projects"]
    assert document["asOf"] == "2026-11-20T12:00:00+00:00"
    assert (shown["condition"], shown["revision"], shown["lastSync"], shown["lastError"]) == ("waiting", 0, None, None)


async def test_the_newest_run_is_the_last_sync_and_its_error_the_last_error(mirror: Mirror, redis: RedisClient) -> None:
    project = await add_folder(mirror, "guide")
    await add_failed_run(mirror, project, started_at=NOW, outcome=Outcome.FAILED)
    await add_failed_run(mirror, project, started_at=NOW - timedelta(hours=1), outcome=Outcome.CHANGED)
    (shown,) = (await show(mirror, redis))["projects"]
    assert (shown["lastSync"]["outcome"], shown["lastSync"]["milliseconds"]) == ("failed", {"fetch": 1.5})
    assert shown["lastError"] == {
        "code": "blob_missing",
        "message": "A file is missing.",
        "hint": None,
        "at": "2026-11-20T12:00:02+00:00",
    }
    await add_failed_run(mirror, project, started_at=NOW + timedelta(hours=1), outcome=Outcome.NOOP)
    (healed,) = (await show(mirror, redis))["projects"]
    assert (healed["lastSync"]["outcome"], healed["lastError"]) == ("noop", None)


async def test_what_hinders_a_project_now_is_its_last_error_with_the_hint(mirror: Mirror, redis: RedisClient) -> None:
    project = await add_folder(mirror, "guide")
    await add_failed_run(mirror, project, started_at=NOW, outcome=Outcome.FAILED)
    error = Stalled("branch_missing", "There is no branch main.", hint="Name another with --branch.")
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        await mark_condition(
            connection,
            project.project_id,
            "stalled",
            error=error,
            next_try_at=NOW + timedelta(minutes=5),
            attempted_at=NOW,
        )
    (shown,) = (await show(mirror, redis))["projects"]
    assert (shown["condition"], shown["nextTry"]) == ("stalled", "2026-11-20T12:05:00+00:00")
    assert shown["lastError"] == {
        "code": "branch_missing",
        "message": "There is no branch main.",
        "hint": "Name another with --branch.",
        "at": "2026-11-20T12:00:00+00:00",
    }


async def test_a_heartbeat_of_a_clock_before_ours_is_not_of_the_future(mirror: Mirror, redis: RedisClient) -> None:
    project = await add_folder(mirror, "guide")
    async with holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test"):
        (shown,) = (await show(mirror, redis, now=datetime(2020, 1, 1, tzinfo=UTC)))["projects"]
    assert shown["heartbeatAge"] == 0


async def test_projects_come_by_name_and_too_many_are_said_to_be_cut(mirror: Mirror, redis: RedisClient) -> None:
    for name in ("c", "a", "b"):
        await add_folder(mirror, name)
    whole, cut = await show(mirror, redis, limit=3), await show(mirror, redis, limit=2)
    assert ([shown["name"] for shown in whole["projects"]], whole["truncated"]) == (["a", "b", "c"], False)
    assert ([shown["name"] for shown in cut["projects"]], cut["truncated"]) == (["a", "b"], True)


async def test_without_redis_the_projects_are_shown_and_the_reason_is_said(mirror: Mirror, tmp_path: Path) -> None:
    await add_folder(mirror, "guide")
    async with open_redis_client(f"unix://{tmp_path}/nobody.sock") as redis:
        document = await show(mirror, redis)
    assert document["redis"]["reason"] == "redis_unreachable"
    assert [shown["lockedBy"] for shown in document["projects"]] == [None]


async def test_a_project_is_syncing_while_a_sync_holds_it(mirror: Mirror, redis: RedisClient) -> None:
    project = await add_folder(mirror, "guide")
    progress = Progress(NOW, "fetch", 3, 10)
    await put_progress(redis, {project.project_id: progress})
    async with holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test"):
        (running,) = (await show(mirror, redis))["projects"]
    async with holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test", kind="manual"):
        (held,) = (await show(mirror, redis))["projects"]
    assert (running["condition"], held["condition"]) == ("syncing", "waiting")
    assert running["progress"] == {"phase": "fetch", "done": 3, "total": 10, "startedAt": "2026-11-20T12:00:00+00:00"}


async def test_a_freeze_is_shown_with_who_and_why_until_it_ends_also_without_redis(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    await add_folder(mirror, "guide")
    until = datetime.now(UTC) + timedelta(hours=1)
    await fetch(
        database.migrator_url,
        """
        update syncd.project_leases set fence = 7, freeze_id = gen_random_uuid(), frozen_by = 'ada', frozen_at = $1,
               freeze_until = $2, freeze_reason = 'release <1.0>'
        """,
        NOW,
        until,
    )
    async with open_redis_client(f"unix://{tmp_path}/nobody.sock") as redis:
        (frozen,) = (await show(mirror, redis))["projects"]
        await fetch(database.migrator_url, "update syncd.project_leases set freeze_until = now() - interval '1 s'")
        (thawed,) = (await show(mirror, redis))["projects"]
    assert (frozen["condition"], frozen["lockedBy"], frozen["lockReason"]) == ("frozen", "ada", "release <1.0>")
    assert (frozen["lockKind"], frozen["fence"], frozen["heartbeatAge"]) == ("freeze", 7, None)
    assert (frozen["lockedAt"], frozen["expiresAt"]) == ("2026-11-20T12:00:00+00:00", until.isoformat())
    assert (thawed["condition"], thawed["lockedBy"]) == ("waiting", None)


@pytest.mark.parametrize(("policy", "code"), [("noeviction", None), ("allkeys-lru", "redis_evicts")])
async def test_a_redis_that_may_throw_locks_away_is_warned_about(
    mirror: Mirror, policy: str, code: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_valkey("--maxmemory-policy", policy) as url, open_redis_client(url) as redis:
        shown = (await show(mirror, redis))["redis"]
        await warn_of_eviction(redis)
    assert (shown["status"], shown.get("reason")) == ("up", code)
    assert code is None or policy in shown["message"]
    assert [record.message for record in caplog.records if record.name == "syncd.locks"] == ([code] if code else [])
