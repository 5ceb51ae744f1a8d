"""What is kept long enough is forgotten, nothing that the past is asked by, and a database that is away only puts that off."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import Connection, open_connection
from syncd.adapters.postgres.forgetting import ForgottenTable
from syncd.adapters.postgres.pulling import find_revision, find_revision_at_time, list_revisions_of_commits
from syncd.adapters.postgres.transactions import reading
from syncd.core.ids import ProjectId
from syncd.core.projects import NewProject
from syncd.services.retention import Retention, forget_old, run_retention
from tests.bells import Bell
from tests.databases import Database
from tests.mirror import Mirror, open_mirror
from tests.web.people import add_test_user

DEADLINE_SECONDS = 5
NOW = datetime(2026, 11, 1, tzinfo=UTC)
RETENTION = Retention(
    deliveries=timedelta(days=14), requests=timedelta(days=30), lock_events=timedelta(days=365), runs=timedelta(days=90)
)
ADD_LOCK_EVENT = """
insert into syncd.lock_events (tenant_id, project_id, action, actor, fence, at)
select tenant_id, project_id, 'acquire', 'tester', $1, $2 from syncd.projects
"""
ADD_RUN = """
insert into syncd.sync_runs (tenant_id, project_id, outcome, fence, started_at, finished_at)
select tenant_id, project_id, 'failed', $1, $2, $2 from syncd.projects
"""
# One row number $1 of the time $2 for each project or user; and for how long such a row is kept.
ROWS = {
    "webhook_deliveries": (
        "insert into syncd.webhook_deliveries values ($1::bigint::text, 'push', $2, 'ignored')",
        RETENTION.deliveries,
    ),
    "agent_requests": (
        """
        insert into syncd.agent_requests (tenant_id, request_id, requested_at, key_id, tool, argument_hash, outcome, rows, bytes, tokens,
            milliseconds)
        select tenant_id, gen_random_uuid(), $2, 'k', 'search', repeat('0', 32), 'ok', $1::bigint, 0, 0, 0 from syncd.projects
        """,
        RETENTION.requests,
    ),
    "lock_events": (ADD_LOCK_EVENT, RETENTION.lock_events),
    "sync_runs": (ADD_RUN, RETENTION.runs),
    "sessions": (
        """
        insert into syncd.sessions (tenant_id, session_id, user_id, secret_hash, refresh_hash, refreshed_at, expires_at, idle_until, ends_at,
            created_at)
        select tenant_id, gen_random_uuid(), user_id, sha256($1::bigint::text::bytea), sha256('r'), $2, $2, $2, 'infinity', $2
        from syncd.users
        """,
        timedelta(0),
    ),
    "sign_in_links": (
        """
        insert into syncd.sign_in_links (tenant_id, link_id, user_id, secret_hash, expires_at, created_at)
        select tenant_id, gen_random_uuid(), user_id, sha256('s'), $2, $2 from syncd.users
        where (email like 'old%') = ($1::bigint = 1)
        """,
        timedelta(0),
    ),
    "idempotent_requests": (
        """
        insert into syncd.idempotent_requests (tenant_id, request_hash, body_hash, claimed_at)
        select tenant_id, sha256($1::bigint::text::bytea), sha256('b'), $2 from syncd.projects
        """,
        timedelta(hours=24),
    ),
    "agent_sessions": (
        """
        with opened as (
            insert into syncd.agent_sessions (tenant_id, session_id, opened_by, created_at, expires_at)
            select distinct tenant_id, 's-' || repeat(chr(96 + $1::integer), 16), 'k', $2::timestamptz, $2 from syncd.projects
            returning tenant_id, session_id
        ), pinned as (
            insert into syncd.agent_session_pins (tenant_id, session_id, project_id, revision)
            select tenant_id, session_id, project_id, 1 from opened join syncd.projects using (tenant_id)
        ), joined as (
            insert into syncd.agent_session_participants (tenant_id, session_id, key_id, role, joined_at)
            select tenant_id, session_id, 'k', '', $2 from opened
        )
        insert into syncd.agent_session_notes (tenant_id, session_id, note_id, number, key_id, body, created_at)
        select tenant_id, session_id, 'n', 1, 'k', 'note', $2 from opened
        """,
        timedelta(days=1),
    ),
}


@asynccontextmanager
async def running(mirror: Mirror) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(run_retention(mirror.work, RETENTION))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def open_scribe(database: Database) -> AsyncIterator[Connection]:
    """Open a connection that writes history without holding a lease."""
    async with open_connection(database.migrator_url) as connection:
        await connection.execute("set session_replication_role = replica")
        yield connection


async def add_test_project(mirror: Mirror) -> ProjectId:
    return (await mirror.add_project(NewProject(name="guide", source="folder", folder="/nowhere"))).project_id


async def test_the_daemon_forgets_what_is_older_than_is_kept_and_nothing_else(
    mirror: Mirror, database: Database
) -> None:
    await add_test_project(mirror)
    for email in ("old@example.com", "young@example.com"):
        await add_test_user(mirror, email)
    now = mirror.work.clock()
    async with open_scribe(database) as scribe:
        old, young = {}, {}
        for table, (statement, kept) in ROWS.items():
            await scribe.execute(statement, 1, now - kept - timedelta(minutes=1))
            old[table] = await list_rows(scribe, table)
            await scribe.execute(statement, 2, now - kept + timedelta(minutes=5))
            young[table] = await list_rows(scribe, table) - old[table]
        async with running(mirror), asyncio.timeout(DEADLINE_SECONDS):
            for table in ROWS:
                while old[table] & await list_rows(scribe, table):
                    pass
        assert all(old.values())
        assert {table: await list_rows(scribe, table) for table in ROWS} == young
    assert all(young.values())


async def list_rows(scribe: Connection, table: str) -> set[object]:
    return set(await scribe.fetch(f"select ctid from syncd.{table}"))  # noqa: S608 - of our own list


async def test_a_database_that_is_away_does_not_end_the_daemon(mirror: Mirror) -> None:
    await mirror.pool.close()
    bell, logger = Bell("retention waits"), logging.getLogger("syncd.daemon")
    logger.addHandler(bell)
    try:
        async with running(mirror) as task, asyncio.timeout(DEADLINE_SECONDS):
            await bell.rung.wait()
            assert not task.done()
    finally:
        logger.removeHandler(bell)


# Of a project whose commit a became revision 1, whose commit b changed no document, and which was at a again at revision 2.
STORY = (
    ("changed", None, "a", 1),
    ("noop", "a", "a", 1),
    ("failed", "a", "b", 1),
    ("noop", "a", "b", 1),
    ("failed", "b", "b", 1),
    ("noop", "b", "b", 1),
    ("changed", "b", "a", 2),
    ("noop", "a", "a", 2),
    ("failed", "a", "c", 2),
)
NEEDED = [("changed", None, "a", 1), ("noop", "a", "b", 1), ("changed", "b", "a", 2)]


async def tell_story(mirror: Mirror, scribe: Connection) -> ProjectId:
    project_id = await add_test_project(mirror)
    await scribe.executemany(
        """
        insert into syncd.sync_runs (tenant_id, project_id, outcome, fence, from_commit, to_commit, revision, started_at, finished_at)
        values ($1, $2, $3, 1, $4, $5, $6, $7, $7)
        """,
        [(mirror.tenant_id, project_id, *run, NOW + timedelta(days=day)) for day, run in enumerate(STORY)],
    )
    return project_id


async def list_story(scribe: Connection) -> list[tuple[object, ...]]:
    rows = await scribe.fetch(
        "select outcome, from_commit, to_commit, revision from syncd.sync_runs order by started_at"
    )
    return [tuple(row) for row in rows]


async def ask_about_the_past(mirror: Mirror, project_id: ProjectId) -> Sequence[object]:
    """Return which revision and commit stood when, and where each revision and commit is found."""
    async with reading(mirror.web_pool, mirror.tenant_id) as connection:
        found = [
            await find_revision_at_time(connection, project_id, NOW + timedelta(days=day, hours=1))
            for day in range(len(STORY))
        ]
        found += [await find_revision(connection, project_id, revision) for revision in (1, 2)]
        found += [one for sha in "abc" for one in await list_revisions_of_commits(connection, project_id, sha, limit=5)]
    return [one and (one.revision, one.commit) for one in found]


async def test_the_past_is_the_same_when_runs_that_moved_nothing_are_forgotten(
    mirror: Mirror, database: Database
) -> None:
    async with open_scribe(database) as scribe:
        project_id = await tell_story(mirror, scribe)
        before = await ask_about_the_past(mirror, project_id)
        assert await forget_old(mirror.pool, "sync_runs", NOW + timedelta(days=365)) == 5
        # The last run stays, whatever it was: it says how the project stands.
        assert await list_story(scribe) == [*NEEDED, STORY[-1]]
    assert await ask_about_the_past(mirror, project_id) == before


async def test_who_forgets_runs_can_remove_none_that_a_revision_needs_and_write_nothing(
    mirror: Mirror, database: Database
) -> None:
    async with open_scribe(database) as scribe:
        await tell_story(mirror, scribe)
        async with scribe.transaction():
            await scribe.execute("set local session_replication_role = origin")
            await scribe.execute("select set_config('syncd.tenant', $1, true)", str(mirror.tenant_id))
            await scribe.execute("set local role syncd_account")
            await scribe.execute("delete from syncd.sync_runs")
            for attempt in (
                "update syncd.sync_runs set revision = 7",
                "insert into syncd.sync_runs (fence) values (1)",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    async with scribe.transaction():
                        await scribe.execute(attempt)
        assert await list_story(scribe) == NEEDED


@pytest.mark.parametrize("table", ["lock_events", "sync_runs"])
async def test_old_rows_of_every_tenant_are_forgotten_batch_by_batch(
    database: Database, redis_server: RedisServer, table: ForgottenTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.services.retention.BATCH_ROWS", 2)
    async with AsyncExitStack() as stack:
        for tenant in ("acme", "globex"):
            mirror = await stack.enter_async_context(open_mirror(database, redis_server, tenant=tenant))
            await add_test_project(mirror)
        scribe = await stack.enter_async_context(open_scribe(database))
        for day in range(4):
            await scribe.execute(ROWS[table][0], day, NOW + timedelta(days=day))
        assert await forget_old(mirror.pool, table, NOW + timedelta(days=3)) == 6
        assert await forget_old(mirror.pool, table, NOW + timedelta(days=3)) == 0
        kept = await scribe.fetch(f"select fence from syncd.{table}")  # noqa: S608 - of our own list
    assert [row["fence"] for row in kept] == [3, 3]


async def test_a_session_of_agents_is_forgotten_with_its_pins_participants_and_notes(
    mirror: Mirror, database: Database
) -> None:
    await add_test_project(mirror)
    async with open_scribe(database) as scribe:
        for number in (1, 2):
            await scribe.execute(ROWS["agent_sessions"][0], number, NOW + timedelta(days=number))
        assert await forget_old(mirror.pool, "agent_sessions", NOW + timedelta(days=2)) == 1
        for table in ("agent_sessions", "agent_session_pins", "agent_session_participants", "agent_session_notes"):
            left = await scribe.fetch(f"select session_id from syncd.{table}")  # noqa: S608 - of our own list
            assert [row["session_id"] for row in left] == [f"s-{'b' * 16}"]


async def test_who_forgets_works_for_the_same_tenant_as_before(database: Database) -> None:
    tenant = str(uuid4())
    async with open_connection(database.sync_url) as connection, connection.transaction():
        await connection.execute("select set_config('syncd.tenant', $1, true)", tenant)
        await connection.fetchval("select remove_old('lock_events', now(), 5)")
        assert str(await connection.fetchval("select current_tenant()")) == tenant
