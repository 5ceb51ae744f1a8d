"""The status as the contract names it, over HTTP."""

import re
from pathlib import Path

from syncd.adapters.folder.source import FolderSource
from syncd.adapters.redis.locks import open_redis_client
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject
from syncd.services.locking import holding
from tests.mirror import LIMITS, Mirror
from tests.web.sites import Client, add_test_key, make_test_site, open_client

LOCK_NAMES = ["lockedBy", "lockedAt", "expiresAt", "lockReason", "lockKind", "fence", "heartbeatAge"]
SYNC_NAMES = [
    "desiredCommit",
    "syncedCommit",
    "revision",
    "documents",
    "chunks",
    "skipped",
    "vectors",
    "lastSync",
    "lastError",
    "nextTry",
]
NAMES = ["name", "condition", "reason", "message", *LOCK_NAMES, *SYNC_NAMES]
COUNT_NAMES = ["added", "modified", "renamed", "deleted", "skipped", "requests", "bytes"]
RUN_NAMES = [
    "fromCommit",
    "toCommit",
    "revision",
    "outcome",
    *COUNT_NAMES,
    "milliseconds",
    "startedAt",
    "historyRewritten",
]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


def open_folder(path: Path) -> FolderSource:
    return FolderSource(path, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)


async def add_synced_folder(mirror: Mirror, path: Path) -> None:
    (path / "a.md").write_text("# A\n\nhello\n")
    (path / "b.md").write_bytes(b"\x00\x01")
    new = NewProject(name="guide", source="folder", folder=str(path))
    project = await mirror.add_project(new)
    await mirror.sync(project, open_folder(path))


async def test_a_synced_project_is_shown_with_every_name_of_the_contract(
    client: Client, mirror: Mirror, tmp_path: Path
) -> None:
    await add_synced_folder(mirror, tmp_path)
    answer = await client.get("/status", key=await add_test_key(mirror.web_pool, mirror.tenant_id))
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.body["postgres"] == {"status": "up"}
    assert answer.body["redis"] == {"status": "up"}
    assert answer.body["github"] == []
    assert answer.body["truncated"] is False
    assert TIME.fullmatch(answer.body["asOf"])
    (shown,) = answer.body["projects"]
    assert set(NAMES) <= set(shown)
    assert (shown["name"], shown["condition"], shown["origin"]) == ("guide", "ready", str(tmp_path))
    assert (shown["revision"], shown["documents"], shown["chunks"], shown["skipped"]) == (1, 1, 1, 1)
    assert TIME.fullmatch(shown["syncedAt"])
    assert TIME.fullmatch(shown["checkedAt"])
    assert {name: shown[name] for name in LOCK_NAMES} == dict.fromkeys(LOCK_NAMES)
    assert list(shown["lastSync"]) == RUN_NAMES
    assert (shown["lastSync"]["outcome"], shown["lastSync"]["added"]) == ("changed", 1)
    assert shown["lastError"] is None


async def test_who_holds_a_project_is_shown_while_it_is_held(client: Client, mirror: Mirror) -> None:
    key = await add_test_key(mirror.web_pool, mirror.tenant_id)
    project = await mirror.add_project(NewProject(name="guide", source="folder", folder="/srv/guide"))
    async with holding(mirror.locking, mirror.tenant_id, project.project_id, reason="syncing <guide>", kind="manual"):
        (held,) = (await client.get("/status", key=key)).body["projects"]
    (free,) = (await client.get("/status", key=key)).body["projects"]
    assert (held["lockedBy"], held["lockReason"], held["lockKind"]) == ("tester", "syncing <guide>", "manual")
    assert TIME.fullmatch(held["lockedAt"])
    assert held["lockedAt"] < held["expiresAt"]
    assert held["heartbeatAge"] >= 0
    assert free["lockedBy"] is None


async def test_json_is_the_answer_to_programs_that_take_anything(client: Client, mirror: Mirror) -> None:
    key = await add_test_key(mirror.web_pool, mirror.tenant_id)
    for accepted in ("application/json", "*/*", ""):
        answer = await client.get("/status", key=key, Accept=accepted)
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.headers["Vary"] == "Accept, Accept-Encoding"


async def test_without_redis_the_status_goes_on_and_says_why_no_lock_is_known(mirror: Mirror, tmp_path: Path) -> None:
    await add_synced_folder(mirror, tmp_path)
    key = await add_test_key(mirror.web_pool, mirror.tenant_id)
    async with (
        open_redis_client(f"unix://{tmp_path}/nobody.sock") as redis,
        open_client(make_test_site(mirror.web_pool, redis)) as client,
    ):
        answer = await client.get("/status", key=key)
    assert answer.status == 200
    assert answer.body["redis"]["status"] == "down"
    assert answer.body["redis"]["reason"] == "redis_unreachable"
    (shown,) = answer.body["projects"]
    assert shown["documents"] == 1
    assert {name: shown[name] for name in LOCK_NAMES} == dict.fromkeys(LOCK_NAMES)
