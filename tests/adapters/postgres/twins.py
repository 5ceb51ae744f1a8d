"""Two tenants and a third, the twin, with no row-level security between them: only a predicate keeps a statement with its tenant.

The twin holds a copy of every row of ours under the same ids, ten years younger.
"""

# ruff: noqa: S608 - names come from Postgres' own catalogue: the tests follow it, so that a new table is included

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from syncd.adapters.postgres.connections import Connection, open_connection
from tests.adapters.postgres.probes import undone
from tests.adapters.postgres.two_tenants import Party, World

TWIN = "00000000-0000-4000-8000-000000000002"  # before every other where tenants are taken in turn
PREDICATE = re.compile(
    r"(?<![\w.])(?:\w+\.)?tenant_id = (?:\(select (?:syncd\.)?current_tenant\(\)\)|syncd\.current_tenant\(\)|tenant\b|\$1\b)"
)
# One row each in the whole database, so there is no twin of it.
ALONE = ("github_installations", "trusted_issuers", "tenants")


def remove_predicate(statement: str, number: int) -> str:
    """Return *statement* without its predicate of this number; its parameters stay the same."""
    found = list(PREDICATE.finditer(statement))[number]
    instead = "$1::uuid is not null" if found[0].endswith("$1") else "true"
    return f"{statement[: found.start()]}{instead}{statement[found.end() :]}"


@asynccontextmanager
async def open_twins(world: World) -> AsyncIterator[Connection]:
    """Yield a superuser in a transaction that is rolled back: without any row-level security, and with the twin."""
    async with open_connection(world.database.migrator_url) as connection, undone(connection):
        tables = await connection.fetch(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'"
            " where c.relnamespace = 'syncd'::regnamespace and c.relkind in ('r', 'p')"
        )
        names = sorted(row["relname"] for row in tables)
        for name in names:
            await connection.execute(f"alter table {name} disable row level security, no force row level security")
        await connection.execute("set local session_replication_role = replica")
        await prepare_ours(connection, world.ours)
        await connection.execute(f"insert into tenants (tenant_id, name) values ('{TWIN}', 'twin')")
        for name in names:
            if name not in ALONE:
                await clone(connection, name, world.ours)
        await prepare_twin(connection)
        await connection.execute("set local session_replication_role = origin")
        yield connection


async def prepare_ours(connection: Connection, ours: Party) -> None:
    """Give us orphans, a layout of an older chunker, a failed run before a last failed one, and everybody a freeze that is over."""
    await connection.execute(
        f"""
        update project_leases set freeze_id = gen_random_uuid(), frozen_by = 'a', frozen_at = '2000-01-01', freeze_until = '2000-01-02',
                                  freeze_reason = 'r';
        update sync_runs set outcome = 'failed';
        insert into sync_runs
        select (jsonb_populate_record(r, jsonb_build_object('run_id', gen_random_uuid(), 'started_at', r.started_at - interval '1 day'))).*
        from sync_runs r where tenant_id = '{ours.tenant_id}';
        insert into document_chunks
        select (jsonb_populate_record(p, jsonb_build_object('chunker_version', p.chunker_version + 1))).*
        from document_chunks p where tenant_id = '{ours.tenant_id}';
        update document_versions set chunker_version = chunker_version + 1 where tenant_id = '{ours.tenant_id}';
        insert into chunks
        select (jsonb_populate_record(c, jsonb_build_object('chunk_hash', sha256('orphan')))).*
        from chunks c where tenant_id = '{ours.tenant_id}' limit 1;
        insert into blobs
        select (jsonb_populate_record(b, jsonb_build_object('content_hash', sha256('orphan')))).*
        from blobs b where tenant_id = '{ours.tenant_id}' limit 1;
        """
    )


async def clone(connection: Connection, table: str, ours: Party) -> None:
    """Give the twin a copy of our rows: the same ids, ten years younger."""
    columns = await connection.fetch(
        """
        select quote_ident(attname) as name, atttypid = 'timestamptz'::regtype as is_time
        from pg_attribute
        where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attidentity <> 'a'
        """,
        table,
    )
    values = [
        f"'{TWIN}'::uuid"
        if row["name"] == "tenant_id"
        else f"{row['name']} + interval '10 years'"
        if row["is_time"]
        else row["name"]
        for row in columns
    ]
    names = ", ".join(row["name"] for row in columns)
    await connection.execute(
        f"insert into {table} ({names}) select {', '.join(values)} from {table} where tenant_id = '{ours.tenant_id}'"
    )


async def prepare_twin(connection: Connection) -> None:
    """Give the twin what we have not: a note, a word in every chunk, and a term of it."""
    await connection.execute(
        f"""
        insert into agent_session_notes
        select (jsonb_populate_record(n, jsonb_build_object('note_id', 'n9', 'number', 50))).*
        from agent_session_notes n where tenant_id = '{TWIN}';
        update chunks set body = body || ' twin', term_ids = term_ids || 424242 where tenant_id = '{TWIN}';
        """
    )


async def describe(connection: Connection, world: World) -> dict[str, object]:
    sessions = {
        row["tenant_id"]: (row["session_id"], row["opened_by"])
        for row in await connection.fetch("select tenant_id, session_id, opened_by from agent_sessions")
    }
    return {
        "ours": world.ours.lock.project_id,
        "theirs": world.theirs.lock.project_id,
        "fence": world.ours.lock.fence,
        "their_fence": world.theirs.lock.fence,
        "session": sessions[world.ours.tenant_id][0],
        "key": sessions[world.ours.tenant_id][1],
        "other_session": sessions[world.theirs.tenant_id][0],
        "other_tenant": world.theirs.tenant_id,
    }


async def count_rows(connection: Connection, world: World, actor: UUID) -> list[str]:
    """Return a sum over every row of whoever is not *actor*, and the number of rows of *actor*, by table."""
    tables = [*(table.name for table in world.tables), "sync_queue"]
    sums = " union all ".join(
        f"select '{table} ' || count(*) filter (where t.tenant_id = $1)"
        f" || coalesce(md5(string_agg(t::text, ' ' order by t::text) filter (where t.tenant_id <> $1)), '') from {table} t"
        for table in tables
    )
    return [row[0] for row in await connection.fetch(sums, actor)]
