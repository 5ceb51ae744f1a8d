"""Every query that names its tenant stays with it even where row-level security is lost; each predicate that is taken away is noticed.

The functions' are in test_tenant_predicates.py. Queries that name no tenant are held by the policies alone: test_tenancy.py.
"""

# ruff: noqa: S608 - the arguments of a query are asked of Postgres

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement, sql_directory
from tests.adapters.postgres.probes import enter, undone
from tests.adapters.postgres.twins import PREDICATE, count_rows, describe, open_twins, remove_predicate
from tests.adapters.postgres.two_tenants import World, make_world
from tests.databases import make_database

NOBODY = UUID(int=0)
SOON, LATE = "now() + interval '1 day'", "now() + interval '20 years'"
TERMS = "array(select distinct unnest(term_ids) from chunks where tenant_id = current_tenant())"
QUESTION = (TERMS, "false", TERMS, f"array_fill(1.0::real, array[cardinality({TERMS})])", "99", "0")
PROJECTS = tuple(f"array(select {value} from projects)" for value in ("project_id", "1", "''::text", "'~'::text"))
MODEL, VECTOR = "(select min(model) from chunk_vectors)", "(select min(embedding::text) from chunk_vectors)"


def list_layouts(*columns: str, of: str = "document_chunks") -> tuple[str, ...]:
    """Return arrays of *columns* of everybody's layouts, in one order."""
    return tuple(f"array(select t.{column} from {of} t order by t::text)" for column in columns)


@dataclass(frozen=True, slots=True)
class Probe:
    """What to ask a query in our name, each argument in SQL: {ours} and {theirs} are projects. *before*: what is done first."""

    arguments: Sequence[str]
    before: str = "select"


PROBES: Mapping[str, Sequence[Probe]] = {
    "embeddings/count_embedded": (Probe(("'{theirs}'::uuid", MODEL)), Probe(("'{ours}'::uuid", MODEL))),
    "embeddings/list_unembedded": (Probe(("'{theirs}'::uuid", "'none'", "99", "''::bytea")),),
    "embeddings/remove_former": tuple(
        Probe(
            (f"'{{{project}}}'::uuid", "'new'", "99", LATE),
            # A newer model is complete, and we hold vectors of the others' chunks too.
            before="""
            insert into project_embeddings
            select (jsonb_populate_record(e, jsonb_build_object('model', 'new', 'completed_at', '2000-01-01'))).* from project_embeddings e;
            set local session_replication_role = replica;
            insert into chunk_vectors
            select (jsonb_populate_record(v, jsonb_build_object('tenant_id', current_tenant()))).* from chunk_vectors v
            where tenant_id = '{other_tenant}' on conflict do nothing;
            set local session_replication_role = origin;
            """,
        )
        for project in ("ours", "theirs")
    ),
    "installations/list_installations": (Probe(("current_tenant()",)),),
    "installations/remove_installation": (
        Probe(
            (
                "current_tenant()",
                "(select installation_id from github_installations where tenant_id = '{other_tenant}')",
            )
        ),
    ),
    "installations/remove_setups": (Probe(("current_tenant()", LATE)),),
    "issuers/remove_issuer": (
        Probe(
            [
                f"(select {column} from trusted_issuers where tenant_id = '{{other_tenant}}')"
                for column in ("issuer", "claim_value")
            ]
        ),
    ),
    "mirror/list_known_blobs": (Probe(("array(select git_sha from blobs)",)),),
    "mirror/list_known_chunks": (Probe(("array(select chunk_hash from chunks)",)),),
    "mirror/list_known_layouts": (
        Probe(("array(select content_hash from blobs)", "(select max(chunker_version) from document_chunks)")),
    ),
    "mirror/list_texts": (Probe(("array(select content_hash from blobs)",)),),
    "mirror/move_term_stats": (
        Probe(
            (
                "'{ours}'::uuid",
                *list_layouts("content_hash", "format", "title"),
                "array(select 1 from document_chunks)",
                *list_layouts("chunker_version"),
            )
        ),
    ),
    "mirror/remove_links": (Probe(list_layouts("content_hash", "format", of="document_versions")),),
    "queue/finish_due": (Probe(("current_tenant()", "'{ours}'::uuid", "now()", "now()", "now()", "7")),),
    "queue/request_due": (Probe(("current_tenant()", "'{ours}'::uuid", "now()")),),
    "reading/count_layouts": (Probe(list_layouts("content_hash", "format", "title", "chunker_version")),),
    "reading/list_bodies": (Probe(("array(select chunk_hash from chunks)",)),),
    "reading/list_parts": (
        Probe(
            list_layouts("content_hash", "format", "title", "chunker_version", "ordinal"),
            before="""
            insert into document_chunks
            select (jsonb_populate_record(p, jsonb_build_object('ordinal', p.ordinal + 1))).* from document_chunks p
            where tenant_id = '{other_tenant}' on conflict do nothing
            """,
        ),
    ),
    "reading/list_similarities": (Probe((MODEL, VECTOR, "array(select chunk_hash from chunks)")),),
    "reading/search_chunks": tuple(
        Probe((*QUESTION, *PROJECTS, "'{{}}'::text[]", patterns, "'{{}}'::text[]", "99"))
        for patterns in ("'{{}}'::text[]", "'{{twin}}'::text[]")
    ),
    "reading/search_vectors": tuple(
        Probe((MODEL, VECTOR, "99", *PROJECTS, "'{{}}'::text[]", patterns, "'{{}}'::text[]", "99"))
        for patterns in ("'{{}}'::text[]", "'{{twin}}'::text[]")
    ),
    "tenants/find_tenant_by_id": (Probe(("current_tenant()",)),),
    "tenants/get_tenant": (Probe(("current_tenant()",)),),
    "tenants/mark_tenant_removed": (
        Probe(("current_tenant()", "(select name from tenants where tenant_id = '{other_tenant}')", "now()")),
    ),
    "tenants/remove_tenant": (
        Probe(("current_tenant()",), before="update tenants set removed_at = now() where tenant_id = '{other_tenant}'"),
    ),
    "tenants/rename_tenant": (Probe(("current_tenant()", "'renamed'")),),
    "usage/find_quota": (Probe(()),),
    "usage/get_spending": (Probe(("current_date",)),),
    "usage/list_usage": (Probe(("current_date - 9999", "current_date + 9999", "'day'")),),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Two tenants in a database of this module. Tests roll back what they do."""
    async with make_database(postgres, template) as database:
        yield await make_world(database, redis_server, tmp_path_factory.mktemp("queries"))


@pytest_asyncio.fixture
async def superuser(world: World) -> AsyncIterator[Connection]:
    async with open_twins(world) as connection:
        yield connection


def list_queries() -> Mapping[str, str]:
    """Return each query that names its tenant."""
    root = sql_directory() / "queries"
    names = sorted(str(path.relative_to(root).with_suffix("")) for path in root.rglob("*.sql"))
    return {name: load_statement(name) for name in names if PREDICATE.search(load_statement(name))}


async def observe(connection: Connection, world: World, name: str, query: str) -> list[str]:
    """Return what a query answers to its probes, and what it leaves of everybody's rows."""
    words = await describe(connection, world)
    seen = []
    for probe in PROBES[name]:
        async with undone(connection):
            await enter(connection, world.ours.lock, fenced=True)
            await connection.execute(probe.before.format(**words))
            arguments = await connection.fetchrow(f"select {', '.join(probe.arguments)}".format(**words))
            seen.append(await ask(connection, query, tuple(arguments or ())))
            seen += await count_rows(connection, world, NOBODY)
    return seen


async def ask(connection: Connection, query: str, arguments: Sequence[object]) -> str:
    try:
        async with connection.transaction():
            return str([tuple(row) for row in await connection.fetch(query, *arguments)])
    except asyncpg.DataError:
        raise  # a probe that does not fit its query
    except asyncpg.PostgresError as error:
        return str(error.sqlstate)


def test_every_query_that_names_its_tenant_is_probed() -> None:
    assert set(list_queries()) == set(PROBES)


async def test_every_tenant_predicate_of_a_query_that_is_taken_away_is_noticed(
    superuser: Connection, world: World
) -> None:
    survivors, noticed = [], 0
    for name, query in list_queries().items():
        expected = await observe(superuser, world, name, query)
        assert expected == await observe(superuser, world, name, query), f"{name} is not probed twice alike"
        for number in range(len(PREDICATE.findall(query))):
            if expected == await observe(superuser, world, name, remove_predicate(query, number)):
                survivors.append(f"{name}, predicate {number}")
            else:
                noticed += 1
    assert survivors == []
    assert noticed > 30
