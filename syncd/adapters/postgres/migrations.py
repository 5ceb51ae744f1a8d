"""Brings the schema forward: numbered files, each in one transaction, each remembered with its checksum."""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement, sql_directory
from syncd.errors import Busy, Rejected, Stalled

_ADD_APPLIED = load_statement("migrations/add_applied")
_ENTER_OWNER = load_statement("migrations/enter_owner")
_FIND_HISTORY = load_statement("migrations/find_history")
_GRANT_HISTORY = load_statement("migrations/grant_history")
_LIST_APPLIED = load_statement("migrations/list_applied")
_OPEN_HISTORY = load_statement("migrations/open_history")
_RELEASE_LOCK = load_statement("migrations/release_lock")
_TRY_LOCK = load_statement("migrations/try_lock")
_LIST_MISSING_GROUPS = load_statement("roles/list_missing_groups")

GROUPS = (
    "syncd_owner",
    "syncd_sync",
    "syncd_web",
    "syncd_read",
    "syncd_auth",
    "syncd_queue",
    "syncd_collect",
    "syncd_account",
    "syncd_search",
)
LOCK_TIMEOUT = "2s"  # a migration that waits longer for a table would hold up every reader behind it
STATEMENT_TIMEOUT = "10min"
LOCK_WAIT_SECONDS = 60.0
LOCK_POLL_SECONDS = 0.1

_FILE_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_NOT_STATEMENTS = re.compile(r"--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'", re.DOTALL)
_TRANSACTION_WORDS = frozenset({"abort", "begin", "commit", "end", "release", "rollback", "savepoint", "start"})


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of sql/migrations."""

    number: int
    name: str
    script: str
    checksum: bytes


def list_migrations(directory: Path | None = None) -> tuple[Migration, ...]:
    """Return the migrations of *directory* (default: ours) in order.

    The checksum is taken over text with LF line ends, so that a checkout with CRLF is the same migration.
    """
    found = []
    for path in sorted((directory or sql_directory() / "migrations").glob("*.sql")):
        named = _FILE_NAME.match(path.name)
        if named is None:
            raise Rejected(
                "migration_misnamed",
                f"{path.name} is not named NNNN_name.sql.",
                hint="Number it after the last migration; lower case and underscores.",
            )
        script = path.read_text(encoding="utf-8").replace("\r\n", "\n")
        _refuse_transaction_control(path.name, script)
        found.append(Migration(int(named[1]), named[2], script, hashlib.sha256(script.encode()).digest()))
    numbers = [migration.number for migration in found]
    if len(set(numbers)) != len(numbers):
        raise Rejected(
            "migration_doubled", "Two migrations have the same number.", hint="Give the newer one the next free number."
        )
    return tuple(found)


def _refuse_transaction_control(name: str, script: str) -> None:
    """Raise `Rejected` for a script that ends our transaction: what follows would run as the login, and stay after a failure."""
    for statement in _NOT_STATEMENTS.sub(" ", script).split(";"):
        words = statement.split(maxsplit=1)
        if words and words[0].lower() in _TRANSACTION_WORDS:
            raise Rejected(
                "migration_not_atomic",
                f"{name} has a statement that begins with {words[0]}.",
                hint="Every migration runs in one transaction of its own; remove begin, commit and the like.",
            )


def find_pending(known: Sequence[Migration], applied: Sequence[tuple[int, str, bytes]]) -> tuple[Migration, ...]:
    """Return the migrations that are still to run, or refuse a history that is not ours.

    Raises `Stalled` when an applied file is missing (also: the database is newer than this program) or changed, and when a
    new file stands below one that was applied.
    """
    by_number = {migration.number: migration for migration in known}
    for number, name, checksum in applied:
        migration = by_number.get(number)
        if migration is None:
            raise Stalled(
                "migration_missing",
                f"The database has run migration {number:04d}_{name}, which this program does not have.",
                hint="The database is newer than the program: upgrade syncd. Never delete an applied migration.",
            )
        if migration.checksum != checksum:
            raise Stalled(
                "migration_changed",
                f"Migration {number:04d}_{name} was changed after it was applied.",
                hint="Restore the file as it was and put the change into a new migration.",
            )
    newest = max((number for number, _, _ in applied), default=0)
    done = {number for number, _, _ in applied}
    pending = tuple(migration for migration in known if migration.number not in done)
    for migration in pending:
        if migration.number < newest:
            raise Stalled(
                "migration_out_of_order",
                f"Migration {migration.number:04d}_{migration.name} stands below {newest:04d}, which was applied already.",
                hint="Give it a number above every applied migration.",
            )
    return pending


async def list_pending(connection: Connection, migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """Return what `migrate` would run; changes nothing."""
    applied = []
    if await connection.fetchval(_FIND_HISTORY):
        applied = [tuple(row) for row in await connection.fetch(_LIST_APPLIED)]
    return find_pending(migrations, applied)


async def run_migrations(connection: Connection, migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """Run what is pending and return it. Two runners at once are safe: one works, the other waits and finds nothing to do.

    Raises `Busy` when another runner holds the lock for a minute, `Stalled` for a history that is not ours or a file that fails
    (its transaction leaves nothing).
    """
    await _require_groups(connection)
    await _take_lock(connection)
    try:
        async with connection.transaction():
            await connection.execute(_ENTER_OWNER, LOCK_TIMEOUT, STATEMENT_TIMEOUT)
            await connection.execute(_OPEN_HISTORY)
            await connection.execute(_GRANT_HISTORY)
        pending = await list_pending(connection, migrations)
        for migration in pending:
            await _run_one(connection, migration)
        return pending
    finally:
        await connection.execute(_RELEASE_LOCK)


async def _run_one(connection: Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(_ENTER_OWNER, LOCK_TIMEOUT, STATEMENT_TIMEOUT)
            await connection.execute(migration.script)
            await connection.execute(_ADD_APPLIED, migration.number, migration.name, migration.checksum)
    except asyncpg.PostgresError as error:
        raise Stalled(
            "migration_failed",
            f"Migration {migration.number:04d}_{migration.name} failed and left nothing behind: {error}.",
            hint="Nothing after it was run. Correct the cause and run `syncd migrate` again.",
        ) from error


async def _require_groups(connection: Connection) -> None:
    missing = [row[0] for row in await connection.fetch(_LIST_MISSING_GROUPS, list(GROUPS))]
    if missing:
        raise Stalled(
            "roles_missing",
            f"The cluster lacks the roles {', '.join(missing)}.",
            hint="Run `syncd migrate --roles` once with a login that may create roles.",
        )


async def _take_lock(connection: Connection) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LOCK_WAIT_SECONDS
    while not await connection.fetchval(_TRY_LOCK):
        if loop.time() > deadline:
            raise Busy(
                "migration_running",
                "Another migration has been running for a minute.",
                hint="Wait for it to end, then try again.",
            )
        await asyncio.sleep(LOCK_POLL_SECONDS)
