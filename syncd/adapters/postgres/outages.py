"""Whether Postgres answers, and what is said when it stops answering in the middle of the work."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import asyncpg

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.migrations import Migration, list_pending
from syncd.adapters.postgres.statements import load_statement
from syncd.errors import Stalled, Unreachable

_PING = load_statement("status/ping")

CHECK_SECONDS = 2.0


@contextmanager
def explaining_outage() -> Iterator[None]:
    """Turn a connection that cannot be had, or is lost, into `Unreachable`. A statement that is wrong stays what it is."""
    try:
        yield
    except (
        OSError,
        TimeoutError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,  # what asyncpg says of a connection that was cut while it was being opened
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,
        asyncpg.TooManyConnectionsError,
        # Only a new connection meets these: the login, its password or the database has changed under us.
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
        asyncpg.ObjectNotInPrerequisiteStateError,
    ) as error:
        if isinstance(error, ValueError):
            raise  # asyncpg's refusal of an argument is an InterfaceError too
        raise Unreachable(
            "database_unreachable",
            f"Postgres does not answer ({type(error).__name__}).",
            hint="Check that the server runs and takes connections; what is stored is not lost.",
            after_seconds=5,
        ) from error


async def check_postgres(pool: Pool) -> None:
    """Return when Postgres answers within two seconds. Raises `Unreachable`."""
    with explaining_outage():
        async with pool.acquire(timeout=CHECK_SECONDS) as connection:
            await connection.fetchval(_PING, timeout=CHECK_SECONDS)


async def check_schema(pool: Pool, migrations: Sequence[Migration]) -> None:
    """Return when the schema has every one of *migrations*. Raises `Stalled` when it has not, `Unreachable`.

    A newer schema is ready too: migrations are safe beside the previous release, and while one is rolled out both serve.
    """
    with explaining_outage():
        async with pool.acquire(timeout=CHECK_SECONDS) as connection:
            # A server that has gone silent is found here, by the short deadline: the statements below have the pool's long one.
            await connection.fetchval(_PING, timeout=CHECK_SECONDS)
            try:
                pending = await list_pending(connection, migrations)
            except Stalled as error:
                if error.code != "migration_missing":
                    raise
                return
    if pending:
        raise Stalled(
            "migration_pending",
            f"The schema lacks {len(pending)} migration{'s' if len(pending) > 1 else ''}, from {pending[0].number:04d} on.",
            hint="Run `syncd migrate`.",
        )
