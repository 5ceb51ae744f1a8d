"""What a role could try against another tenant, another project, or without the fence: each attempt that works is a leak."""

# ruff: noqa: S608 - table names come from Postgres' own catalogue: the tests follow it, so that a new table is included

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO

import asyncpg

from syncd.adapters.postgres.connections import FENCE_LOST_SQLSTATE, Connection
from syncd.core.locks import Lock
from tests.adapters.postgres.catalogue_lists import PUBLISHED_COLUMNS, UNFENCED_TABLES
from tests.adapters.postgres.two_tenants import Table, World

DENIED = (asyncpg.InsufficientPrivilegeError,)  # no privilege, or row security: both are 42501
COPY_REFUSED = (asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError)


@dataclass(frozen=True, slots=True)
class Victim:
    """Rows that must stay out of reach. *where* finds them."""

    name: str
    where: str


def list_victims(world: World, role: str) -> Sequence[Victim]:
    """Return whose rows *role* must not reach while it works for our first project."""
    others = [Victim("another tenant", f"tenant_id = '{world.theirs.tenant_id}'")]
    if role == "test_sync":
        others.append(Victim("another project", f"project_id = '{world.ours.other_lock.project_id}'"))
    return others


async def enter(connection: Connection, lock: Lock, *, fenced: bool) -> None:
    """Set the whole context of the daemon; roles without a fence do not mind it."""
    await connection.execute(
        """
        select set_config('syncd.tenant', $1, true), set_config('syncd.project', $2, true),
               set_config('syncd.fence', $3, true), set_config('syncd.nonce', $4, true)
        """,
        str(lock.tenant_id),
        str(lock.project_id),
        str(lock.fence) if fenced else "",
        str(lock.nonce) if fenced else "",
    )


@asynccontextmanager
async def undone(connection: Connection) -> AsyncIterator[None]:
    """Run the body in a transaction, or a savepoint, that is rolled back."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


async def read_row(connection: Connection, table: Table, where: str) -> str | None:
    """Return one row as JSON text, with the eyes of a superuser."""
    found: str | None = await connection.fetchval(
        f"select to_jsonb(t)::text from syncd.{table.name} t where {where} limit 1"
    )
    return found


async def find_column(connection: Connection, table: Table) -> str:
    """Return a column that the role may read and update; any column where it may update none."""
    for column in table.columns:
        if await connection.fetchval(
            "select has_column_privilege($1, $2, 'update') and has_column_privilege($1, $2, 'select')",
            f"syncd.{table.name}",
            column,
        ):
            return column
    return table.columns[0]


async def find_leaks(connection: Connection, table: Table, victim: Victim, row: str) -> list[str]:
    """Return which attempts of the current role on rows of *victim* worked. *row* is one of them."""
    name, where = f"syncd.{table.name}", victim.where
    columns = ", ".join(table.columns)
    column = await find_column(connection, table)
    insert = (
        f"insert into {name} ({columns}) select {columns} from jsonb_populate_record(null::{name}, $1::text::jsonb)"
    )
    key = ", ".join(table.key)
    attempts: dict[str, Callable[[], Awaitable[bool]]] = {
        "select": lambda: _touches(connection, f"select 1 from {name} where {where}"),
        "lock": lambda: _touches(connection, f"select 1 from {name} where {where} for update"),
        "update": lambda: _touches(connection, f"update {name} set {column} = {column} where {where}"),
        "delete": lambda: _touches(connection, f"delete from {name} where {where}"),
        "insert": lambda: _works(connection, insert, row),
        "insert on conflict do nothing": lambda: _works(connection, f"{insert} on conflict do nothing", row),
        "insert on conflict do update": lambda: _works(
            connection, f"{insert} on conflict ({key}) do update set {column} = excluded.{column}", row
        ),
    }
    return [
        f"{victim.name}: {what} {table.name}" for what, attempt in attempts.items() if await _try(connection, attempt)
    ]


async def find_bulk_leaks(connection: Connection, table: Table, world: World) -> list[str]:
    """Return which of copy out, copy in and truncate worked on rows of the other tenant. Not for the owner: it may truncate."""

    async def copy_out() -> bool:
        output = BytesIO()
        await connection.copy_from_table(table.name, columns=["tenant_id"], schema_name="syncd", output=output)
        return str(world.theirs.tenant_id).encode() in output.getvalue()

    async def copy_in() -> bool:
        await connection.copy_to_table(table.name, columns=table.columns, schema_name="syncd", source=BytesIO())
        return True

    attempts: dict[str, Callable[[], Awaitable[bool]]] = {
        "copy from": copy_out,
        "copy to": copy_in,
        "truncate": lambda: _works(connection, f"truncate syncd.{table.name} cascade"),
        "move": lambda: _works(connection, f"update syncd.{table.name} set tenant_id = '{world.theirs.tenant_id}'"),
    }
    return [f"{what} {table.name}" for what, attempt in attempts.items() if await _try(connection, attempt)]


async def find_unfenced_writes(connection: Connection, table: Table) -> list[str]:
    """Return which writes to *table* are not refused by the fence. The trigger is a statement's: no row is needed."""
    name, column = f"syncd.{table.name}", await find_column(connection, table)
    statements = {
        "insert": f"insert into {name} (tenant_id) select tenant_id from {name} where false",
        "update": f"update {name} set {column} = {column} where false",
        "delete": f"delete from {name} where false",
    }
    if table.name == "projects":
        statements = {"delete": statements["delete"]}
        statements |= {f"update {one} of": f"update {name} set {one} = {one} where false" for one in PUBLISHED_COLUMNS}
    elif table.name in UNFENCED_TABLES:
        return []
    return [f"{what} {table.name}" for what, statement in statements.items() if await _passes(connection, statement)]


async def _try(connection: Connection, attempt: Callable[[], Awaitable[bool]]) -> bool:
    async with undone(connection):
        try:
            return await attempt()
        except COPY_REFUSED:
            return False
        except asyncpg.IntegrityConstraintViolationError:
            return True  # it got past row security, and the error tells what is there


async def _touches(connection: Connection, statement: str) -> bool:
    """Return whether the statement reached a row."""
    return not (await connection.execute(statement)).endswith(" 0")


async def _works(connection: Connection, statement: str, *args: object) -> bool:
    await connection.execute(statement, *args)
    return True


async def _passes(connection: Connection, statement: str) -> bool:
    """Return whether anything else than the fence decided about the statement; a missing privilege refuses it too."""
    async with undone(connection):
        try:
            await connection.execute(statement)
        except DENIED:
            return False
        except asyncpg.PostgresError as error:
            return bool(error.sqlstate != FENCE_LOST_SQLSTATE)
        return True
