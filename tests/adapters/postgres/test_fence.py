"""Only the holder of a project's newest lease writes: Postgres refuses everybody else, whatever they believe."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from syncd.adapters.folder.source import FolderSource
from syncd.adapters.postgres.connections import Connection, LeaseLost, open_connection
from syncd.adapters.postgres.leases import mint_fence
from syncd.adapters.postgres.transactions import fenced, in_project
from syncd.core.locks import Lock
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject, Project
from syncd.errors import Unreachable
from syncd.services.sync import sync_project
from tests.adapters.postgres.catalogue_lists import UNFENCED_TABLES
from tests.adapters.postgres.probes import enter, find_unfenced_writes, undone
from tests.adapters.postgres.two_tenants import list_tables
from tests.databases import Database
from tests.mirror import LIMITS, Mirror


@pytest_asyncio.fixture
async def project(mirror: Mirror, tmp_path: Path) -> Project:
    return await mirror.add_project(NewProject(name="guide", source="folder", folder=str(tmp_path)))


@pytest_asyncio.fixture
async def superuser(database: Database) -> AsyncIterator[Connection]:
    async with open_connection(database.migrator_url) as connection:
        yield connection


async def mint(mirror: Mirror, project: Project) -> Lock:
    """Take the lease in Postgres alone: what happens when Redis has forgotten who holds it."""
    nonce = uuid4()
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        minted = await mint_fence(connection, project.project_id, nonce, "tester")
    assert minted is not None
    return Lock(mirror.tenant_id, project.project_id, minted.fence, nonce)


async def freeze(superuser: Connection, project: Project, until: str | None) -> None:
    await superuser.execute(
        """
        update project_leases
        set freeze_id = gen_random_uuid(), frozen_by = 'ops', freeze_reason = 'release', freeze_until = now() + $2::text::interval
        where project_id = $1
        """,
        project.project_id,
        until,
    )


async def list_passing_writes(
    superuser: Connection, lock: Lock, role: str, *, with_fence: bool = True
) -> dict[str, list[str]]:
    """Return, by table, the writes of *role* that the fence lets pass under *lock*."""
    async with undone(superuser):
        tables = await list_tables(superuser)
        await enter(superuser, lock, fenced=with_fence)
        await superuser.execute(f"set local role {role}")
        return {table.name: found for table in tables if (found := await find_unfenced_writes(superuser, table))}


async def list_synced(superuser: Connection) -> set[str]:
    """Return the tables that the daemon's login may write: a new one is among them by itself."""
    return {
        table.name
        for table in await list_tables(superuser)
        if await superuser.fetchval(
            "select has_any_column_privilege('syncd_sync', $1, 'insert, update') or has_table_privilege('syncd_sync', $1, 'delete')",
            f"syncd.{table.name}",
        )
    }


async def test_the_holder_of_the_lease_writes_every_table(
    mirror: Mirror, project: Project, superuser: Connection
) -> None:
    """Without this, the refusals below would hold for a database that refuses everything."""
    lock = await mint(mirror, project)
    passing = await list_passing_writes(superuser, lock, "test_sync")
    tables = await list_synced(superuser) - UNFENCED_TABLES.keys() | {"projects"}
    assert passing.keys() == tables
    assert "delete documents" in passing["documents"]
    assert len(passing["projects"]) > 9


@pytest.mark.parametrize("role", ["test_sync", "syncd_owner"])
async def test_no_table_is_written_without_the_newest_lease(
    mirror: Mirror, project: Project, superuser: Connection, role: str
) -> None:
    old = await mint(mirror, project)
    new = await mint(mirror, project)
    everything = {table.name for table in await list_tables(superuser)}
    exempt = everything - await list_synced(superuser) if role == "syncd_owner" else set()
    for lock in (old, replace(new, nonce=old.nonce), replace(new, nonce=uuid4()), replace(new, fence=new.fence + 1)):
        assert (await list_passing_writes(superuser, lock, role)).keys() <= exempt, lock
    assert (await list_passing_writes(superuser, new, role, with_fence=False)).keys() <= exempt
    assert (await list_passing_writes(superuser, new, role)).keys() > exempt


@pytest.mark.parametrize("until", [None, "1 hour"])
async def test_a_freeze_stops_the_holder_at_its_next_write(
    mirror: Mirror, project: Project, superuser: Connection, until: str | None
) -> None:
    lock = await mint(mirror, project)
    await freeze(superuser, project, until)
    assert await list_passing_writes(superuser, lock, "test_sync") == {}
    with pytest.raises(LeaseLost):
        async with fenced(mirror.pool, lock):
            pytest.fail("a frozen project was opened for writing")
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        assert await mint_fence(connection, project.project_id, uuid4(), "tester") is None


async def test_a_freeze_whose_time_has_passed_is_none(mirror: Mirror, project: Project, superuser: Connection) -> None:
    lock = await mint(mirror, project)
    await freeze(superuser, project, "-1 second")
    assert (await list_passing_writes(superuser, lock, "test_sync")).keys() >= {"documents", "blobs"}
    assert (await mint(mirror, project)).fence == lock.fence + 1


@pytest.mark.parametrize("missing", ["fence", "nonce", "project", "tenant"])
async def test_half_a_context_is_no_lease(mirror: Mirror, project: Project, missing: str) -> None:
    lock = await mint(mirror, project)
    async with mirror.pool.acquire() as connection, undone(connection):
        await enter(connection, lock, fenced=True)
        await connection.execute("select assert_fence()")
        await connection.execute("select set_config('syncd.' || $1, '', true)", missing)
        with pytest.raises(Exception, match="the lock of this project is not held"):
            await connection.execute("select assert_fence()")


async def test_a_takeover_waits_for_the_write_that_runs(
    mirror: Mirror, project: Project, superuser: Connection
) -> None:
    lock = await mint(mirror, project)
    async with fenced(mirror.pool, lock) as connection:
        takeover = asyncio.create_task(mint(mirror, project))
        await wait_until_blocked(superuser, await connection.fetchval("select pg_backend_pid()"))
        assert not takeover.done()
        await add_mark(connection, lock)
    taken = await takeover
    assert taken.fence == lock.fence + 1
    with pytest.raises(LeaseLost):
        async with fenced(mirror.pool, lock):
            pytest.fail("the old holder was let in")


async def test_a_fence_that_only_looks_would_let_a_takeover_pass(
    mirror: Mirror, project: Project, superuser: Connection
) -> None:
    """The mutation that shows what FOR SHARE is for."""
    definition = await superuser.fetchval("select pg_get_functiondef('assert_fence'::regproc)")
    await superuser.execute(definition.replace("for share", ""))
    lock = await mint(mirror, project)
    async with fenced(mirror.pool, lock) as connection:
        assert (await mint(mirror, project)).fence == lock.fence + 1
        assert await connection.fetchval("select count(*) from documents") == 0


async def wait_until_blocked(superuser: Connection, pid: int) -> None:
    """Return as soon as a backend waits for *pid*."""
    async with asyncio.timeout(5):
        while not await superuser.fetchval(
            "select exists (select from pg_stat_activity where $1 = any(pg_blocking_pids(pid)))", pid
        ):
            pass


async def test_a_holder_that_lost_its_lease_publishes_nothing(mirror: Mirror, project: Project, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    files = {f"docs/{name}.md": f"# {name}\n".encode() for name in "abcde"}
    for path, content in files.items():
        (tmp_path / path).write_bytes(content)
    source = FolderSource(tmp_path, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)
    await mirror.sync(project, source)
    (tmp_path / "docs/a.md").unlink()  # nothing to stage: the first write is the publishing transaction
    synced = await mirror.get_project(project.project_id)
    head = await source.find_head(synced.source_mark)
    assert head is not None
    old = await mint(mirror, project)
    await mint(mirror, project)
    with pytest.raises(LeaseLost):
        await sync_project(mirror.work, synced, source, head, lock=old)
    assert await mirror.read_documents(project) == files
    assert await mirror.get_project(project.project_id) == synced
    run = await mirror.sync(project, source)
    assert run is not None
    assert (run.revision, run.deleted) == (2, 1)


async def test_a_write_whose_connection_is_lost_is_tried_again_later(
    mirror: Mirror, project: Project, superuser: Connection
) -> None:
    """As a busy machine loses it: Postgres ends a transaction in which nothing is said for five seconds."""
    lock = await mint(mirror, project)

    async def write() -> None:
        async with fenced(mirror.pool, lock) as connection:
            pid = await connection.fetchval("select pg_backend_pid()")
            await superuser.fetchval("select pg_terminate_backend($1, 5000)", pid)
            await add_mark(connection, lock)

    with pytest.raises(Unreachable) as lost:
        await write()
    assert lost.value.code == "database_unreachable"
    async with fenced(mirror.pool, lock) as connection:
        assert await connection.fetchval("select count(*) from sync_runs") == 0


async def add_mark(connection: Connection, lock: Lock) -> None:
    """Write a row that says when it was written, as late as a transaction can tell."""
    await connection.execute(
        """
        insert into sync_runs (tenant_id, project_id, outcome, fence, started_at, finished_at)
        values ($1, $2, 'noop', $3, now(), clock_timestamp())
        """,
        lock.tenant_id,
        lock.project_id,
        lock.fence,
    )
