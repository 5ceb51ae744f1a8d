"""Projects as a team has them, written straight into the tables: for pictures, and for pages with very many rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1
from uuid import UUID, uuid5

import asyncpg

from syncd.core.ids import TenantId

_SPACE = UUID(int=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """How one project stands."""

    name: str
    repository: str
    condition: str = "ready"
    documents: int = 40
    skipped: int = 0
    revision: int = 12
    behind: bool = False
    trouble: tuple[str, str, str] | None = None
    frozen: tuple[str, str] | None = None
    minutes_ago: float = 3.0
    retry_minutes: float | None = None


TEAM = (
    Scene(name="handbook", repository="acme/handbook", documents=412, revision=318, minutes_ago=0.4),
    Scene(name="api-reference", repository="acme/api", documents=1284, skipped=3, revision=97, minutes_ago=11),
    Scene(
        name="billing",
        repository="acme/billing",
        condition="waiting",
        documents=58,
        behind=True,
        trouble=(
            "rate_limited",
            "GitHub's rate limit holds (the requests of this hour are used up, but for a share that is left to others).",
            "It goes on by itself at that time.",
        ),
        minutes_ago=46,
        retry_minutes=14,
    ),
    Scene(
        name="checkout",
        repository="acme/checkout",
        documents=131,
        revision=44,
        frozen=("ada", "Release 4.2: docs stay as they are until Monday"),
        minutes_ago=190,
    ),
    Scene(
        name="legacy-portal",
        repository="acme/portal-old",
        condition="stalled",
        documents=77,
        skipped=1,
        trouble=(
            "repository_gone",
            "GitHub shows no repository acme/portal-old to this credential.",
            "Give the token access again, or remove the project.",
        ),
        minutes_ago=1500,
        retry_minutes=5,
    ),
    Scene(name="mobile", repository="acme/mobile-app", documents=203, revision=61, minutes_ago=27),
    Scene(name="runbooks", repository="acme/runbooks", documents=96, revision=140, minutes_ago=2),
    Scene(name="design-system", repository="acme/design-system", documents=318, skipped=12, revision=73, minutes_ago=8),
    Scene(name="infra", repository="acme/infrastructure", documents=164, revision=205, minutes_ago=19),
)


def make_many(count: int) -> Sequence[Scene]:
    """Return *count* projects."""
    conditions = ("ready", "ready", "ready", "waiting", "stalled")
    return [
        Scene(name=f"project-{number:04}", repository=f"acme/service-{number:04}", condition=conditions[number % 5])
        for number in range(count)
    ]


def make_id(name: str) -> UUID:
    """Return the id of the project that is called *name*."""
    return uuid5(_SPACE, name)


async def put_scenes(url: str, tenant_id: TenantId, scenes: Sequence[Scene], *, now: datetime) -> None:
    """Write *scenes* into the tables of the database *url*, as its superuser and past the fence."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "syncd"})
    try:
        await connection.execute("set session_replication_role = replica")
        await connection.executemany(_ADD_PROJECT, [_make_project(tenant_id, scene, now) for scene in scenes])
        await connection.executemany(_ADD_LEASE, [_make_lease(tenant_id, scene, now) for scene in scenes])
        await connection.executemany(_ADD_QUEUE, [(tenant_id, make_id(scene.name)) for scene in scenes])
        await connection.executemany(_ADD_RUN, [_make_run(tenant_id, scene, now) for scene in scenes])
    finally:
        await connection.close()


async def put_past(url: str, tenant_id: TenantId, name: str, *, now: datetime, text: str | None = None) -> None:
    """Give a project a past: runs of two days, what happened to its lock, and files that are skipped; *text* for all that is said."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "syncd"})
    try:
        await connection.execute("set session_replication_role = replica")
        await connection.executemany(
            _ADD_RUN, [_make_past_run(tenant_id, name, number, now) for number in range(1, 36)]
        )
        events = [(tenant_id, make_id(name), now - timedelta(minutes=minutes), *event) for minutes, *event in _EVENTS]
        await connection.executemany(_ADD_EVENT, events)
        skipped = [
            (tenant_id, make_id(name), f"{path}{text or ''}".encode(), reason, size) for path, reason, size in _SKIPPED
        ]
        await connection.executemany(_ADD_SKIPPED, skipped)
        plain = [(tenant_id, make_id(name), f"{path}{text or ''}", f"{reason}{text or ''}") for path, reason in _PLAIN]
        await connection.executemany(_ADD_PLAIN, plain)
    finally:
        await connection.close()


_ADD_PROJECT = """
insert into projects (tenant_id, project_id, name, source, repository, branch, condition, reason, message, hint, next_try_at, checked_at,
                      attempted_at, desired_commit, synced_commit, revision, synced_at, documents, chunks, skipped)
values ($1, $2, $3, 'github', $4, 'main', $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14, $15, $15 * 7, $16)
"""
_ADD_LEASE = """
insert into project_leases (tenant_id, project_id, fence, freeze_id, frozen_by, frozen_at, freeze_reason)
values ($1, $2, $3, $4, $5, $6, $7)
"""
_ADD_QUEUE = "insert into sync_queue (tenant_id, project_id, due_at) values ($1, $2, now() + interval '1 day')"
_ADD_RUN = """
insert into sync_runs (tenant_id, project_id, from_commit, to_commit, revision, outcome, added, modified, renamed, deleted, requests,
                       received_bytes, milliseconds, fence, error_code, error_message, started_at, finished_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $5::integer, $14, $15, $16, $17)
"""
_ADD_EVENT = """
insert into lock_events (tenant_id, project_id, at, action, actor, reason, fence, previous_holder, request_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_ADD_SKIPPED = """
insert into skipped_files (tenant_id, project_id, path, reason, size, revision_from) values ($1, $2, $3, $4, $5, 1)
"""
_ADD_PLAIN = """
with version as (
    insert into document_versions (tenant_id, project_id, document_id, version, content_hash, path, format, title, titled, revision_from)
    values ($1, $2, gen_random_uuid(), 1, sha256(convert_to($3, 'utf8')), $3, 'ipynb', 'A notebook', false, 1)
)
insert into outlines (tenant_id, content_hash, format, metadata, fallback)
values ($1, sha256(convert_to($3, 'utf8')), 'ipynb', '{}', $4)
"""
_DAEMON, _SECOND = "syncd@docs-1:4121", "syncd@docs-2:3977"
_EVENTS = (
    (0.4, "release", _DAEMON, None, 318, None, None),
    (0.5, "acquire", _DAEMON, None, 318, None, None),
    (52.0, "unfreeze", "ada", None, 317, None, "8c1f6e0b7d2a4f539b1e6a0c4d8e2f71"),
    # As long as an id may be.
    (140.0, "freeze", "ada", "Release 4.1 goes out", 317, None, "release-4.1_" + "0123456789abc" * 4),
    (760.0, "force_release", "grace", "docs-2 hangs in fetch since 20 minutes", 316, _SECOND, None),
    (781.0, "acquire", _SECOND, None, 315, None, None),
)
_PLAIN = (
    ("docs/notebooks/benchmarks.ipynb", "it is no JSON: line 1841: Expecting value"),
    ("docs/notebooks/embeddings.ipynb", "reading it took more than 5 s"),
)
_SKIPPED = (
    ("docs/assets/architecture.drawio.md", "binary", 184_220),
    ("docs/changelog/2019.md", "too_large", 7_340_032),
    ("docs/shared", "submodule", None),
    ("docs/videos/intro.md", "lfs_pointer", 132),
)


def _sha(text: str) -> str:
    return sha1(text.encode(), usedforsecurity=False).hexdigest()


def _make_project(tenant_id: TenantId, scene: Scene, now: datetime) -> tuple[object, ...]:
    code, message, hint = scene.trouble or (None, None, None)
    synced = _sha(f"{scene.name} {scene.revision}")
    at = now - timedelta(minutes=scene.minutes_ago)
    next_try = now + timedelta(minutes=scene.retry_minutes) if scene.retry_minutes else None
    return (
        *(tenant_id, make_id(scene.name), scene.name, scene.repository, scene.condition, code, message, hint, next_try),
        *(now - timedelta(seconds=20), _sha(scene.name) if scene.behind else synced, synced, scene.revision, at),
        *(scene.documents, scene.skipped),
    )


def _make_lease(tenant_id: TenantId, scene: Scene, now: datetime) -> tuple[object, ...]:
    who, why = scene.frozen or (None, None)
    project_id = make_id(scene.name)
    frozen_at = now - timedelta(minutes=95) if who else None
    return (tenant_id, project_id, scene.revision, project_id if who else None, who, frozen_at, why)


def _make_run(tenant_id: TenantId, scene: Scene, now: datetime) -> tuple[object, ...]:
    started = now - timedelta(minutes=scene.minutes_ago)
    spent = json.dumps({"gather": 182.4, "plan": 6.1, "fetch": 640.2, "chunk": 210.7, "apply": 48.3})
    commits = (_sha(f"{scene.name} {scene.revision - 1}"), _sha(f"{scene.name} {scene.revision}"))
    counts = ("changed", 1, 4, 0, 0, 9, 48_211)
    ends = (None, None, started, started + timedelta(seconds=1.1))
    return (tenant_id, make_id(scene.name), *commits, scene.revision, *counts, spent, *ends)


def _make_past_run(tenant_id: TenantId, name: str, number: int, now: datetime) -> tuple[object, ...]:
    seed = int(_sha(f"{name} {number}")[:6], 16)
    started = now - timedelta(minutes=30 + number * 83)
    failed = number in {9, 10, 24}
    seconds = 0.6 + seed % 37 / 10
    revision = 318 - number
    commits = (_sha(f"{name} {revision - 1}"), _sha(f"{name} {revision}"))
    outcome = "failed" if failed else "changed"
    counts = (0, 0, 0, 0) if failed else (seed % 3, 1 + seed % 6, int(seed % 11 == 0), int(seed % 7 == 0))
    shares = {"gather": 0.22, "plan": 0.02, "fetch": 0.4 + seed % 5 / 20, "chunk": 0.2, "apply": 0.06}
    spent = {} if failed else {phase: round(share * seconds * 1000, 1) for phase, share in shares.items()}
    trouble = ("github_unavailable", "GitHub answers 502 to the tree.") if failed else (None, None)
    cost = (4 + sum(counts), 9_000 + seed % 90_000)
    ends = (*trouble, started, started + timedelta(seconds=seconds))
    return (tenant_id, make_id(name), *commits, revision, outcome, *counts, *cost, json.dumps(spent), *ends)
