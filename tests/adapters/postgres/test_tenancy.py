"""No login reaches another tenant's row, whatever it tries; and every guard that is taken away is noticed."""

# ruff: noqa: S608 - table names come from Postgres' own catalogue: the tests follow it, so that a new table is included

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import Connection, open_connection, open_pool
from syncd.adapters.postgres.transactions import reading
from tests.adapters.postgres.catalogue import list_faults
from tests.adapters.postgres.catalogue_lists import WIDER_POLICIES
from tests.adapters.postgres.probes import (
    enter,
    find_bulk_leaks,
    find_leaks,
    find_unfenced_writes,
    list_victims,
    read_row,
    undone,
)
from tests.adapters.postgres.two_tenants import Table, World, make_world
from tests.databases import make_database

LOGINS = ("test_sync", "test_web", "test_read")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Two tenants in a database of this module. Tests roll back what they do."""
    async with make_database(postgres, template) as database:
        yield await make_world(database, redis_server, tmp_path_factory.mktemp("tenants"))


@pytest_asyncio.fixture
async def superuser(world: World) -> AsyncIterator[Connection]:
    """A superuser, in a transaction that is rolled back."""
    async with open_connection(world.database.migrator_url) as connection, undone(connection):
        yield connection


def get_url(world: World, login: str) -> str:
    return {
        "test_sync": world.database.sync_url,
        "test_web": world.database.web_url,
        "test_read": world.database.read_url,
    }[login]


async def read_victim_rows(superuser: Connection, world: World, role: str, table: Table) -> list[tuple[int, str]]:
    """Return, for each victim of *role* that has rows in *table*, its place in the list and one of its rows."""
    rows = []
    for place, victim in enumerate(list_victims(world, role)):
        if victim.name == "another project" and not table.belongs_to_projects:
            continue
        row = await read_row(superuser, table, victim.where)
        assert row is not None, f"two_tenants.py leaves {table.name} empty: make rows there"
        rows.append((place, row))
    return rows


async def probe(connection: Connection, superuser: Connection, world: World, role: str, table: Table) -> list[str]:
    """Return the leaks of *table* to *role*, as which *connection* acts."""
    victims = list_victims(world, role)
    leaks: list[str] = []
    for place, row in await read_victim_rows(superuser, world, role, table):
        leaks += await find_leaks(connection, table, victims[place], row)
    return leaks


@pytest.mark.parametrize("login", LOGINS)
async def test_a_login_reaches_nothing_of_others(world: World, superuser: Connection, login: str) -> None:
    leaks: list[str] = []
    async with open_connection(get_url(world, login)) as connection, undone(connection):
        await enter(connection, world.ours.lock, fenced=True)
        for table in world.tables:
            leaks += await probe(connection, superuser, world, login, table)
            leaks += await find_bulk_leaks(connection, table, world)
    assert leaks == []


async def test_the_owner_of_the_tables_reaches_nothing_of_others(world: World, superuser: Connection) -> None:
    wider = {table for table, _ in WIDER_POLICIES}
    leaks: list[str] = []
    for table in world.tables:
        if table.name not in wider:
            leaks += await probe_as(superuser, world, "syncd_owner", table)
    assert leaks == []


async def probe_as(superuser: Connection, world: World, role: str, table: Table) -> list[str]:
    """Return the leaks of *table* to *role*, as which a superuser acts for a while."""
    victims = list_victims(world, role)
    rows = await read_victim_rows(superuser, world, role, table)
    leaks: list[str] = []
    async with undone(superuser):
        await enter(superuser, world.ours.lock, fenced=True)
        await superuser.execute(f"set local role {role}")
        for place, row in rows:
            leaks += [f"{role}: {leak}" for leak in await find_leaks(superuser, table, victims[place], row)]
    return leaks


@pytest.mark.parametrize("login", LOGINS)
async def test_a_login_without_a_tenant_sees_nothing(world: World, login: str) -> None:
    async with open_connection(get_url(world, login)) as connection, connection.transaction():
        for table in world.tables:
            if await connection.fetchval(
                "select has_column_privilege($1, 'tenant_id', 'select')", f"syncd.{table.name}"
            ):
                assert await connection.fetchval(f"select count(tenant_id) from syncd.{table.name}") == 0, table.name


@pytest.mark.parametrize("login", ["test_web", "test_read"])
async def test_a_login_sees_its_own_rows(world: World, login: str) -> None:
    """Without this, the tests above would hold for a database that shows nothing to anybody."""
    async with open_connection(get_url(world, login)) as connection, connection.transaction():
        await enter(connection, world.ours.lock, fenced=False)
        for table in world.tables:
            if await connection.fetchval(
                "select has_column_privilege($1, 'tenant_id', 'select')", f"syncd.{table.name}"
            ):
                assert await connection.fetchval(f"select count(tenant_id) from syncd.{table.name}") > 0, table.name


async def test_a_row_that_refers_to_another_tenant_is_refused_by_its_key(world: World, superuser: Connection) -> None:
    """Foreign keys are checked past row security: only their tenant_id keeps rows of two tenants apart."""
    await enter(superuser, world.ours.lock, fenced=True)
    stranger = "00000000-0000-4000-8000-000000000001"
    await superuser.execute("insert into syncd.tenants (tenant_id, name) values ($1, 'stranger')", stranger)
    unbound = []
    for table in world.tables:
        row = await read_row(superuser, table, f"tenant_id = '{world.theirs.tenant_id}'")
        moved = f"jsonb_populate_record(null::syncd.{table.name}, $1::text::jsonb || jsonb_build_object('tenant_id', '{stranger}'))"
        columns = ", ".join(table.columns)
        async with undone(superuser):
            try:
                await superuser.execute(
                    f"insert into syncd.{table.name} ({columns}) select {columns} from {moved}", row
                )
            except asyncpg.ForeignKeyViolationError:
                continue
            except asyncpg.UniqueViolationError:
                assert table.name in {"github_installations", "trusted_issuers"}  # one of them serves one tenant
                continue
        unbound.append(table.name)
    # These refer to nothing but their tenant.
    assert unbound == [
        "agent_requests",
        "agent_sessions",
        "api_keys",
        "blobs",
        "chunks",
        "github_setups",
        "idempotent_requests",
        "projects",
        "tenant_quotas",
        "usage_events",
        "users",
    ]


async def test_a_tenant_does_not_outlive_its_transaction_in_a_pooled_connection(world: World) -> None:
    async with open_pool(world.database.read_url, size=1) as pool:
        async with reading(pool, world.ours.tenant_id) as connection:
            first = await connection.fetchval("select pg_backend_pid()")
            assert await connection.fetchval("select count(*) from documents") > 0
        async with pool.acquire() as connection:
            assert await connection.fetchval("select pg_backend_pid()") == first
            assert await connection.fetchval("select current_tenant()") is None
            assert await connection.fetchval("select count(*) from documents") == 0


async def test_a_tenant_does_not_outlive_a_transaction_that_failed(world: World) -> None:
    async with open_pool(world.database.read_url, size=1) as pool:
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with reading(pool, world.ours.tenant_id) as connection:
                await connection.fetchval("select 1 / 0")
        async with pool.acquire() as connection:
            assert await connection.fetchval("select count(*) from documents") == 0


async def test_a_cached_plan_follows_the_tenant(world: World) -> None:
    parties = (world.ours, world.theirs)
    async with open_pool(world.database.read_url, size=1) as pool:
        for turn in range(12):  # Postgres may turn to a generic plan after five executions
            party = parties[turn % 2]
            async with reading(pool, party.tenant_id) as connection:
                rows = await connection.fetch(
                    "select distinct tenant_id from document_versions where revision_to is null"
                )
                assert [row["tenant_id"] for row in rows] == [party.tenant_id]


async def test_the_functions_of_definers_stop_at_the_tenant(world: World, superuser: Connection) -> None:
    await enter(superuser, world.ours.lock, fenced=True)
    await superuser.execute("set local role test_web")
    request = "select syncd.request_sync($1, now())"
    assert await superuser.fetchval(request, world.theirs.lock.project_id) is False
    assert await superuser.fetchval(request, world.ours.lock.project_id) is True
    await superuser.execute("select set_config('syncd.tenant', '', true)")
    assert await superuser.fetchval(request, world.ours.lock.project_id) is False


async def test_orphans_are_collected_of_one_tenant_only(world: World, superuser: Connection) -> None:
    for party in (world.ours, world.theirs):
        await enter(superuser, party.lock, fenced=True)
        await superuser.execute(
            """
            insert into syncd.blobs (tenant_id, content_hash, git_sha, size, lines, encoding, text, created_at)
            values ($1, sha256('orphan'), repeat('0', 40), 1, 1, 'utf-8', 'x', '2000-01-01')
            """,
            party.tenant_id,
        )
    await enter(superuser, world.ours.lock, fenced=True)
    await superuser.execute("set local role test_sync")
    assert await superuser.fetchval("select syncd.collect_orphans('2001-01-01')") == 1
    await superuser.execute("reset role")
    left = await superuser.fetch("select tenant_id from syncd.blobs where content_hash = sha256('orphan')")
    assert [row["tenant_id"] for row in left] == [world.theirs.tenant_id]


# Mutation: each guard is taken away in turn. What can be noticed by trying is noticed by trying; the rest by the catalogue.


async def test_every_open_policy_is_noticed_by_trying(world: World, superuser: Connection) -> None:
    survivors = [
        table.name
        for table in world.tables
        if not await is_noticed(
            superuser, world, table, "alter policy tenant_isolation on syncd.{} using (true) with check (true)"
        )
    ]
    assert survivors == []


async def test_row_security_that_is_switched_off_is_noticed_by_trying(world: World, superuser: Connection) -> None:
    survivors = [
        table.name
        for table in world.tables
        if not await is_noticed(superuser, world, table, "alter table syncd.{} disable row level security")
    ]
    assert survivors == []


async def test_an_owner_who_is_not_bound_is_noticed_by_trying(world: World, superuser: Connection) -> None:
    survivors = [
        table.name
        for table in world.tables
        if not await is_noticed(
            superuser, world, table, "alter table syncd.{} no force row level security", roles=("syncd_owner",)
        )
    ]
    assert survivors == []


async def test_a_daemon_that_is_not_bound_to_its_project_is_noticed_by_trying(
    world: World, superuser: Connection
) -> None:
    scoped = [table for table in world.tables if table.belongs_to_projects]
    survivors = [
        table.name
        for table in scoped
        if not await is_noticed(superuser, world, table, "drop policy project_scope on syncd.{}", roles=("test_sync",))
    ]
    assert len(scoped) >= 8
    assert survivors == []


async def is_noticed(
    superuser: Connection, world: World, table: Table, mutation: str, *, roles: tuple[str, ...] = LOGINS
) -> bool:
    """Return whether any of *roles* reaches more of *table* after *mutation*."""
    async with undone(superuser):
        await superuser.execute(mutation.format(table.name))
        return any([await probe_as(superuser, world, role, table) for role in roles])


async def test_every_fence_that_is_taken_away_is_noticed_by_trying(world: World, superuser: Connection) -> None:
    tables = {table.name: table for table in world.tables}
    triggers = await superuser.fetch(
        "select tgname, tgrelid::regclass::text as name from pg_trigger where tgfoid = 'syncd.refuse_unfenced()'::regprocedure"
    )
    survivors = []
    for row in triggers:
        table = tables[row["name"].removeprefix("syncd.")]
        async with undone(superuser):
            await superuser.execute(f"drop trigger {row['tgname']} on syncd.{table.name}")
            await enter(superuser, world.ours.lock, fenced=False)
            await superuser.execute("set local role test_sync")
            if not await find_unfenced_writes(superuser, table):
                survivors.append((row["tgname"], table.name))
    assert len(triggers) >= 11
    assert survivors == []


async def test_every_guard_that_is_dropped_is_noticed_by_the_catalogue(world: World, superuser: Connection) -> None:
    mutations = [
        row[0]
        for row in await superuser.fetch(
            """
            select format('drop policy %I on %s', polname, polrelid::regclass) from pg_policy
            union all select format('alter policy %I on %s to syncd_auth, syncd_web', polname, polrelid::regclass) from pg_policy
            union all select format('drop trigger %I on %s', tgname, tgrelid::regclass) from pg_trigger
            where tgfoid = 'syncd.refuse_unfenced()'::regprocedure
            union all select format('alter table %s disable trigger %I', tgrelid::regclass, tgname) from pg_trigger
            where tgfoid = 'syncd.refuse_unfenced()'::regprocedure
            union all select format('alter table %s %s', oid::regclass, verb) from pg_class,
                unnest(array['no force row level security', 'disable row level security', 'alter tenant_id drop not null']) as verb
            where relnamespace = 'syncd'::regnamespace and relrowsecurity
              and (verb not like 'alter%' or not exists (select from pg_index i where i.indrelid = pg_class.oid and i.indisprimary))
            union all select format('alter function %s reset search_path', oid::regprocedure) from pg_proc
            where pronamespace = 'syncd'::regnamespace and prosecdef
            union all select format('grant execute on function %s to public', oid::regprocedure) from pg_proc
            where pronamespace = 'syncd'::regnamespace and prosecdef
            """
        )
    ]
    survivors = []
    for mutation in mutations:
        async with undone(superuser):
            await superuser.execute(mutation)
            if not await list_faults(superuser):
                survivors.append(mutation)
    assert len(mutations) >= 90
    assert survivors == []
