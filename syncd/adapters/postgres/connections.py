"""Connections and pools, with a deadline on everything and every failure said in a sentence."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import asyncpg

from syncd.errors import BadUsage, Rejected, RetryLater, Stalled, SyncdError, Unreachable

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

OLDEST_VERSION = 150000
CONNECT_SECONDS = 2.0
COMMAND_SECONDS = 35.0  # a little over the server's own 30 s: the server's limit is the one that ends a statement
IDLE_SECONDS = 30.0
POOL_SIZE = 20
FENCE_LOST_SQLSTATE = "DS001"


class LeaseLost(RetryLater):
    """The database refused a write: the lease was lost, taken over, or the project is frozen."""


def describe_server(url: str) -> str:
    """Return host and database of *url*, never its password, for messages."""
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])[0]
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # the port is no number, which is what the message is about
        port = ""
    return f"{host}{port}/{parts.path.lstrip('/') or 'postgres'}"


def explain_failure(error: BaseException, url: str) -> SyncdError:
    """Return the error of ours that says why *url* could not be used, and what to do."""
    server = describe_server(url)
    match error:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return Rejected(
                "database_password_refused",
                f"Postgres at {server} refused the login or its password.",
                hint="Correct the user and password in the database URL; `syncd migrate --roles` sets the services' passwords.",
            )
        case asyncpg.InvalidCatalogNameError():
            return Rejected(
                "database_missing",
                f"Postgres has no database of the name in {server}.",
                hint="Create it (createdb) or correct the name in the database URL.",
            )
        case asyncpg.TooManyConnectionsError() | asyncpg.CannotConnectNowError():
            return Unreachable(
                "database_busy",
                f"Postgres at {server} takes no more connections now.",
                hint="Wait, or raise max_connections.",
                after_seconds=5,
            )
        case ValueError() | asyncpg.ClientConfigurationError():
            return BadUsage(
                "database_url_invalid",
                f"The database URL for {server} cannot be read.",
                hint="Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
            )
        case _:
            return Unreachable(
                "database_unreachable",
                f"Postgres at {server} does not answer ({type(error).__name__}).",
                hint="Check that the server runs and that the host and port in the database URL are right.",
                after_seconds=5,
            )


@contextmanager
def explaining(url: str) -> Iterator[None]:
    """Turn what fails while connecting to *url* into an error of ours."""
    try:
        yield
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise explain_failure(error, url) from error


@contextmanager
def refusing_stale_writes() -> Iterator[None]:
    """Turn the fence's refusal (SQLSTATE DS001) into `LeaseLost`."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if error.sqlstate != FENCE_LOST_SQLSTATE:
            raise
        raise LeaseLost(
            "lease_lost",
            "The lock of the project was lost, taken over or frozen before the write; nothing was written.",
            hint="The project is tried again by itself.",
            after_seconds=5,
        ) from error


async def _prepare(connection: Any) -> None:  # noqa: ANN401 - asyncpg's own callback type is untyped
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def _leave_as_is(connection: Any) -> None:  # noqa: ANN401 - asyncpg's own callback type is untyped
    """Skip asyncpg's reset query: all our settings are local to a transaction, so nothing is left behind (one round trip saved)."""


@asynccontextmanager
async def open_connection(url: str) -> AsyncIterator[Connection]:
    """Open one connection, for work that must not share one: migrations, LISTEN."""
    with explaining(url):
        connection = await asyncpg.connect(
            url, timeout=CONNECT_SECONDS, command_timeout=None, server_settings={"search_path": "syncd, public"}
        )
        await _prepare(connection)
    try:
        require_recent_server(connection)
        yield connection
    finally:
        await close_connection(connection)


async def close_connection(connection: Connection) -> None:
    """Close politely within two seconds, else cut: a server that is gone must not hold up our end."""
    try:
        await asyncio.wait_for(connection.close(), CONNECT_SECONDS)
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()


def require_recent_server(connection: Connection) -> None:
    """Raise `Stalled` for a server older than Postgres 15."""
    version = connection.get_server_version()
    if version.major * 10000 < OLDEST_VERSION:
        raise Stalled(
            "database_too_old",
            f"The database is Postgres {version.major}.{version.minor}; syncd needs 15 or newer.",
            hint="Upgrade the server, or leave SYNCD_DATABASE_URL unset to use the embedded Postgres.",
        )


@asynccontextmanager
async def open_pool(url: str, *, size: int = POOL_SIZE) -> AsyncIterator[Pool]:
    """Open a pool of at most *size* connections that close after 30 idle seconds."""
    with explaining(url):
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            max_inactive_connection_lifetime=IDLE_SECONDS,
            server_settings={"search_path": "syncd, public"},
            init=_prepare,
            reset=_leave_as_is,
        )
    try:
        async with pool.acquire() as connection:
            require_recent_server(connection)
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), CONNECT_SECONDS)
        except TimeoutError:
            pool.terminate()
