"""Every function that names its tenant stays with it even where row-level security is lost; each predicate that is taken away is noticed.

Policies and predicates are two walls: what drops a policy is noticed in test_tenancy.py, with the predicates standing; here every policy is
off, and the predicates fall one by one. A third tenant, the twin, holds a copy of every row of ours under the same ids, ten years younger.
Joins of tenant_id with tenant_id are not counted: they tie rows to rows that a predicate has chosen.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import Connection
from tests.adapters.postgres.probes import enter, undone
from tests.adapters.postgres.twins import PREDICATE, count_rows, describe, open_twins, remove_predicate
from tests.adapters.postgres.two_tenants import World, make_world
from tests.databases import make_database

SOON, LATE = "now() + interval '1 day'", "now() + interval '20 years'"
TERMS = "array(select distinct unnest(term_ids) from chunks)"
KEEPING = ("lock_events", "sync_runs", "sessions", "sign_in_links", "idempotent_requests", "agent_sessions")
# What to ask of each function, in our name: {ours} and {theirs} are projects, {session} and {other_session} sessions, {key} our key.
PROBES: Mapping[str, Sequence[str]] = {
    "add_agent_note": (
        "select add_agent_note('{other_session}', 'n10', '{key}', null, null, 'x', now(), 99)",
        "select add_agent_note('{session}', 'n11', '{key}', null, 'n9', 'x', now(), 99)",
        "select add_agent_note('{session}', 'n9', '{key}', null, null, 'x', now(), 99)",
        "select max(number) from agent_session_notes where tenant_id = current_tenant()",
    ),
    # The twin's lease has our nonce, and ours another one.
    "assert_fence": (
        "update project_leases set nonce = null where tenant_id = current_tenant()",
        "select assert_fence()",
    ),
    "close_agent_session": ("select close_agent_session('{session}', '{key}', now())",),
    "collect_orphans": (f"select collect_orphans({LATE})",),
    "delete_agent_note": ("select delete_agent_note('{session}', 'n1', '{key}', now())",),
    "end_freeze": ("select end_freeze('{theirs}', 'a')", "select end_freeze('{ours}', 'a')"),
    "force_release": (
        "select force_release('{theirs}', 'a', 'r', {their_fence})",
        "select force_release('{ours}', 'a', 'r', {fence})",
    ),
    "freeze_project": (
        "select freeze_project('{theirs}', 'a', 'r', null, true)",
        "select freeze_project('{ours}', 'a', 'r', null, true)",
    ),
    "get_own_name": ("select get_own_name()",),
    "list_impacts": ("select list_impacts(array(select chunk_hash from chunks), array[1])::text",),
    "open_agent_session": (
        "select open_agent_session('s-aaaaaaaaaaaaaaaa', '{key}', '', null, null, null, null, null, now(), now(), '-infinity', 2)",
        f"select open_agent_session('s-bbbbbbbbbbbbbbbb', '{{key}}', '', null, null, null, null, null, now(), now(), {LATE}, 9)",
    ),
    "record_requests": (
        "select record_requests(jsonb_build_array(to_jsonb(r)), '[]') from agent_requests r where tenant_id = '{other_tenant}'",
    ),
    "remove_old": tuple(f"select remove_old('{table}', {SOON}, 100)" for table in KEEPING),
    "remove_requests": (f"select remove_requests({SOON}, 100)",),
    "request_sync": ("select request_sync('{theirs}', now())", "select request_sync('{ours}', now())"),
    "search_candidates": (
        f"select search_candidates({TERMS}, false, {TERMS}, array_fill(1.0::real, array[cardinality({TERMS})]), 99, 0)::text",
    ),
    "unfreeze_project": (
        "select unfreeze_project('{theirs}', 'a', true)",
        "select unfreeze_project('{ours}', 'a', true)",
    ),
}
# Predicates without which a function does the same, and why: it is dearer then.
EQUIVALENT = {
    ("collect_orphans", 1): "whether two chunkers were at work is asked to save work; what is removed is asked again"
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the schema that names its tenant."""

    name: str
    definition: str

    def mutate(self, number: int) -> str:
        """Return the definition without its predicate of this number."""
        return remove_predicate(self.definition, number)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path_factory: object
) -> AsyncIterator[World]:
    """Two tenants in a database of this module. Tests roll back what they do."""
    async with make_database(postgres, template) as database:
        yield await make_world(database, redis_server, tmp_path_factory.mktemp("predicates"))  # type: ignore[attr-defined]


@pytest_asyncio.fixture
async def superuser(world: World) -> AsyncIterator[Connection]:
    async with open_twins(world) as connection:
        yield connection


async def list_functions(connection: Connection) -> Sequence[Function]:
    rows = await connection.fetch(
        "select proname, pg_get_functiondef(oid) as definition from pg_proc"
        " where pronamespace = 'syncd'::regnamespace and prokind = 'f' order by proname"
    )
    functions = [Function(row["proname"], row["definition"]) for row in rows]
    return [function for function in functions if PREDICATE.search(function.definition)]


async def observe(connection: Connection, world: World, function: Function) -> list[str]:
    """Return what the probes of a function answer, what they leave of the others' rows, and how many of ours."""
    words = await describe(connection, world)
    seen = []
    for party in (world.ours, world.theirs):
        async with undone(connection):
            for probe in PROBES[function.name]:
                await enter(connection, party.lock, fenced=True)
                seen.append(await ask(connection, probe.format(**words)))
            seen += await count_rows(connection, world, party.tenant_id)
    return seen


async def ask(connection: Connection, statement: str) -> str:
    try:
        async with connection.transaction():
            return str([tuple(row) for row in await connection.fetch(statement)])
    except asyncpg.PostgresError as error:
        return str(error.sqlstate)


async def test_every_function_that_names_its_tenant_is_probed(superuser: Connection) -> None:
    assert {function.name for function in await list_functions(superuser)} == set(PROBES)


async def test_every_tenant_predicate_that_is_taken_away_is_noticed(superuser: Connection, world: World) -> None:
    survivors, killed = [], 0
    for function in await list_functions(superuser):
        expected = await observe(superuser, world, function)
        assert expected == await observe(superuser, world, function), f"{function.name} is not probed twice alike"
        for number in range(len(PREDICATE.findall(function.definition))):
            async with undone(superuser):
                await superuser.execute(function.mutate(number))
                same = expected == await observe(superuser, world, function)
            if same != ((function.name, number) in EQUIVALENT):
                survivors.append(f"{function.name}, predicate {number}")
            killed += not same
    assert survivors == []
    assert killed > 30
