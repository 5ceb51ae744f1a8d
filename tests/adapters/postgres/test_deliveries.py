"""Deliveries in Postgres: where they lead, that each counts once, and that none is kept for ever."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import Connection, open_connection
from syncd.adapters.postgres.deliveries import accept_delivery, remove_deliveries
from syncd.adapters.postgres.migrations import list_migrations, run_migrations
from syncd.adapters.postgres.projects import put_repository
from syncd.adapters.postgres.queue import claim_due, finish_due
from syncd.adapters.postgres.roles import put_groups
from syncd.adapters.postgres.transactions import in_project
from syncd.core.projects import NewProject, Project
from syncd.services.retention import BATCH_ROWS, forget_deliveries
from tests.databases import Database, name_database, run_statement
from tests.loop import fetch
from tests.mirror import Mirror, open_mirror

WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


async def add_repository(mirror: Mirror, name: str, repository_id: int | None) -> Project:
    new = NewProject(name=name, source="github", repository=f"acme/{name}", repository_id=repository_id)
    return await mirror.add_project(new)


async def list_routes(url: str) -> dict[UUID, int]:
    rows = await fetch(url, "select project_id, repository_id from syncd.repository_routes")
    return {row["project_id"]: row["repository_id"] for row in rows}


async def accept(mirror: Mirror, *repository_ids: int, event: str = "push", now: datetime = NOW) -> str:
    async with mirror.web_pool.acquire() as connection:
        return await accept_delivery(connection, str(uuid4()), event=event, repository_ids=repository_ids, now=now)


async def test_a_route_follows_its_project(mirror: Mirror, database: Database) -> None:
    known = await add_repository(mirror, "known", 7)
    unknown = await add_repository(mirror, "unknown", None)
    assert await list_routes(database.migrator_url) == {known.project_id: 7}
    async with in_project(mirror.pool, mirror.tenant_id, unknown.project_id) as connection:
        await put_repository(connection, unknown.project_id, "acme/unknown", 8)
    async with in_project(mirror.pool, mirror.tenant_id, known.project_id) as connection:
        await put_repository(connection, known.project_id, "acme/replaced", 9)
    assert await list_routes(database.migrator_url) == {known.project_id: 9, unknown.project_id: 8}
    await fetch(database.migrator_url, "update syncd.projects set repository_id = null where repository_id = 9")
    assert await list_routes(database.migrator_url) == {unknown.project_id: 8}
    await run_statement(
        database.migrator_url,
        "alter table syncd.projects disable trigger refuse_unfenced_delete; delete from syncd.projects",
    )
    assert await list_routes(database.migrator_url) == {}


async def test_a_delivery_reaches_projects_of_every_tenant_and_no_service_can_read_which(
    mirror: Mirror, database: Database, redis_server: RedisServer
) -> None:
    await add_repository(mirror, "guide", 7)
    async with open_mirror(database, redis_server, tenant="globex") as other:
        await add_repository(other, "guide", 7)
        await add_repository(other, "else", 8)
        assert await accept(mirror, 7) == "accepted"
    rows = await fetch(database.migrator_url, "select count(*) from syncd.sync_queue where requested_at = $1", NOW)
    assert rows[0][0] == 2
    for url in (database.sync_url, database.web_url, database.read_url):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(url, "select * from syncd.repository_routes")


@pytest.mark.parametrize("login", ["sync_url", "read_url"])
async def test_only_the_endpoint_takes_deliveries(database: Database, login: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(getattr(database, login), "select syncd.accept_delivery('1', 'push', '{1}', now())")


async def test_a_delivery_wakes_the_loop_only_where_it_leads(mirror: Mirror, database: Database) -> None:
    await add_repository(mirror, "guide", 7)
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with open_connection(database.sync_url) as listener:
        await listener.add_listener("syncd_due", lambda *_: heard.put_nowait("due"))
        await accept(mirror, 8)
        await accept(mirror, 7)
        await listener.execute("select")
        async with asyncio.timeout(5):
            assert await heard.get() == "due"
        assert heard.empty()


async def test_a_delivery_neither_puts_off_nor_forgets_failures(mirror: Mirror) -> None:
    project = await add_repository(mirror, "guide", 7)
    async with mirror.pool.acquire() as connection:
        await connection.execute("update sync_queue set due_at = $1, failures = 3", NOW - timedelta(hours=1))
        await accept(mirror, 7)
        (due,) = await claim_due(connection, now=NOW, until=NOW, limit=1)
    assert (due.project_id, due.failures, due.requested_at) == (project.project_id, 3, NOW)
    assert due.delivered_at == NOW


async def test_a_delivery_during_a_run_causes_one_more_also_within_the_same_microsecond(mirror: Mirror) -> None:
    await add_repository(mirror, "guide", 7)
    await accept(mirror, 7)
    async with mirror.pool.acquire() as connection:
        (due,) = await claim_due(connection, now=datetime.now(UTC), until=NOW + timedelta(days=9999), limit=1)
        await accept(mirror, 7)
        await finish_due(connection, due, now=NOW, next_at=NOW + timedelta(days=1), failures=0)
        assert await connection.fetchval("select due_at from sync_queue") == NOW


async def test_only_a_push_proves_that_pushes_are_delivered(mirror: Mirror) -> None:
    await add_repository(mirror, "guide", 7)
    async with mirror.pool.acquire() as connection:
        await accept(mirror, 7, event="repository")
        assert await connection.fetchval("select delivered_at from sync_queue") is None
        await accept(mirror, 7, event="push")
        await accept(mirror, 7, event="repository", now=NOW + timedelta(hours=1))
        assert await connection.fetchval("select delivered_at from sync_queue") == NOW


async def test_projects_are_taken_in_one_order_so_that_deliveries_never_wait_in_a_circle(
    mirror: Mirror, database: Database
) -> None:
    for number in range(1, 9):
        await add_repository(mirror, f"guide-{number}", number)
    first, free = "select from sync_queue order by tenant_id, project_id limit 1 for update", "for update skip locked"
    async with open_connection(database.migrator_url) as holder, open_connection(database.migrator_url) as watcher:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute(first)
        pending = asyncio.create_task(accept(mirror, *range(8, 0, -1)))
        async with asyncio.timeout(5):
            while not await watcher.fetchval(WAITING):
                pass
        assert len(await watcher.fetch(f"select from sync_queue {free}")) == 7
        await transaction.rollback()
    assert await pending == "accepted"


async def test_old_deliveries_are_forgotten_in_batches_and_young_ones_are_kept(mirror: Mirror) -> None:
    async with mirror.web_pool.acquire() as connection:
        for age in (0, 1, 2, 3):
            await accept(mirror, 7, now=NOW - timedelta(days=age))
    before = NOW - timedelta(days=1)
    async with mirror.pool.acquire() as connection:
        assert await remove_deliveries(connection, before=before, limit=1) == 1
        assert await connection.fetchval("select min(received_at) from webhook_deliveries") == NOW - timedelta(days=2)
    assert await forget_deliveries(mirror.pool, before) == 1
    assert await forget_deliveries(mirror.pool, before) == 0
    async with mirror.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from webhook_deliveries") == 2


async def test_more_old_deliveries_than_a_batch_are_forgotten_at_one_go(mirror: Mirror, database: Database) -> None:
    await fetch(
        database.migrator_url,
        """
        insert into syncd.webhook_deliveries (delivery_id, event, received_at, result)
        select number::text, 'push', $1, 'ignored' from generate_series(1, $2::int) as number
        """,
        NOW - timedelta(days=1),
        2 * BATCH_ROWS,
    )
    assert await forget_deliveries(mirror.pool, NOW) == 2 * BATCH_ROWS


async def test_the_migration_routes_the_projects_that_are_there(postgres: PostgresServer, template: str) -> None:
    assert template
    name = f"fresh_{uuid4().hex}"
    await run_statement(postgres.url, f"create database {name} template template0")
    url = name_database(postgres.url, name)
    async with open_connection(url) as connection:
        await put_groups(connection)
        before = [migration for migration in list_migrations() if migration.number < 7]
        await run_migrations(connection, before)
        for tenant, repository_id in (("acme", 7), ("globex", 8), ("initech", None)):
            await _add_by_hand(connection, tenant, repository_id)
        await run_migrations(connection, list_migrations())
    assert sorted((await list_routes(url)).values()) == [7, 8]
    await run_statement(postgres.url, f"drop database {name} with (force)")


async def _add_by_hand(connection: Connection, tenant: str, repository_id: int | None) -> None:
    await connection.execute(
        """
        with added as (insert into syncd.tenants (name) values ($1) returning tenant_id)
        insert into syncd.projects (tenant_id, name, source, repository, repository_id)
        select tenant_id, $1, 'github', 'acme/' || $1, $2 from added
        """,
        tenant,
        repository_id,
    )
