"""Every hot query reads through its index, under the role that runs it, with row security on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.postgres.connections import Connection, open_connection
from syncd.adapters.postgres.statements import load_statement
from tests.adapters.postgres.plans import QueryPlan, explain
from tests.adapters.postgres.probes import undone
from tests.databases import make_database
from tests.hot_queries import HOT_QUERIES, HotQuery, fill_in
from tests.many_documents import Samples, fill

DOCUMENTS = 10_000


@dataclass(frozen=True, slots=True)
class Library:
    """A database with many documents."""

    url: str
    samples: Samples


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(postgres: PostgresServer, template: str) -> AsyncIterator[Library]:
    async with make_database(postgres, template) as database:
        async with open_connection(database.migrator_url) as connection:
            samples = await fill(connection, documents=DOCUMENTS)
        yield Library(database.migrator_url, samples)


@pytest_asyncio.fixture
async def superuser(library: Library) -> AsyncIterator[Connection]:
    """A superuser in a transaction that is rolled back, with the context of the sample."""
    async with open_connection(library.url) as connection, undone(connection):
        await connection.execute(
            "select set_config('syncd.tenant', $1, true), set_config('syncd.project', $2, true)",
            str(library.samples.large.tenant_id),
            str(library.samples.large.project_id),
        )
        yield connection


async def plan_as(superuser: Connection, query: HotQuery, samples: Samples) -> QueryPlan:
    async with undone(superuser):
        await superuser.execute(f"set local role syncd_{query.group}")
        return await explain(superuser, query.text, arguments=() if query.generic else fill_in(query, samples))


@pytest.mark.parametrize("query", HOT_QUERIES, ids=lambda query: query.name)
async def test_a_hot_query_reads_through_its_index(superuser: Connection, library: Library, query: HotQuery) -> None:
    plan = await plan_as(superuser, query, library.samples)
    assert plan.scanned_tables == frozenset()
    assert plan.indexes & set(query.indexes)


@pytest.mark.parametrize("query", HOT_QUERIES, ids=lambda query: query.name)
async def test_an_index_that_is_gone_is_noticed(superuser: Connection, library: Library, query: HotQuery) -> None:
    # An invalid index is one that the planner does not take: as good as dropped, also where a constraint needs it.
    await superuser.execute(
        "update pg_index set indisvalid = false where indexrelid::regclass::text = any($1::text[])", list(query.indexes)
    )
    plan = await plan_as(superuser, query, library.samples)
    assert not plan.indexes & set(query.indexes)


async def test_a_document_is_read_at_once_by_indexes_alone(superuser: Connection, library: Library) -> None:
    # The plans of a function are its own: what they have read is counted.
    sample = library.samples.large
    await superuser.execute("set local role syncd_read")
    project = await superuser.fetchval("select name from projects where project_id = $1", sample.project_id)
    for version in (None, 1):
        rows = await superuser.fetch(
            "select path from read_document($1, null, $2, array[$3, 'docs/none.md'], array[$4, null]::integer[], true, 9)",
            sample.tenant_id,
            project,
            sample.path,
            version,
        )
        assert [row["path"] for row in rows] == [sample.path]
    await superuser.execute("reset role")
    scanned = await superuser.fetch(
        "select relname, seq_scan from pg_stat_xact_user_tables where seq_tup_read > 10 and schemaname = 'syncd'"
    )
    assert [dict(row) for row in scanned] == []


async def test_every_index_has_a_hot_query(superuser: Connection) -> None:
    """Unique ones have their reason in what they keep true."""
    rows = await superuser.fetch(
        """
        select indexrelid::regclass::text from pg_index
        where indrelid in (select oid from pg_class where relnamespace = 'syncd'::regnamespace)
          and not indisunique
        """
    )
    used = {index for query in HOT_QUERIES for index in query.indexes} | {"api_keys_by_key_id"}  # the next test
    assert {row[0] for row in rows} - used == set()


@pytest.mark.parametrize("login", ["test_web", "test_read"])
async def test_a_key_is_resolved_through_its_index(superuser: Connection, login: str) -> None:
    """The query stands in a definer function, where no plan can be seen: its scans are counted."""
    key_id = await superuser.fetchval("select key_id from api_keys order by key_id limit 1 offset 100")
    secret_hash = await superuser.fetchval("select secret_hash from api_keys where key_id = $1", key_id)
    before = await count_scans(superuser)
    await superuser.execute(f"set local role {login}")
    found = await superuser.fetchrow(load_statement("keys/resolve_key"), key_id, secret_hash, datetime.now(UTC))
    assert found is not None
    assert found["key_id"] == key_id
    assert (
        await superuser.fetchrow(load_statement("keys/resolve_key"), key_id, sha256(b"").digest(), datetime.now(UTC))
        is None
    )
    await superuser.execute("reset role")
    after = await count_scans(superuser)
    assert after["whole"] == before["whole"]
    assert after["by_index"] >= before["by_index"] + 2


async def count_scans(superuser: Connection) -> dict[str, int]:
    row = await superuser.fetchrow(
        """
        select pg_stat_get_xact_numscans('api_keys'::regclass) as whole,
               pg_stat_get_xact_numscans('api_keys_by_key_id'::regclass) as by_index
        """
    )
    assert row is not None
    return dict(row)
