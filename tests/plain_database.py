"""A database as it is on a server without pgvector."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.migrations import list_migrations, run_migrations
from syncd.adapters.postgres.roles import make_login_url, put_groups, put_logins
from tests.databases import LOGINS, Database, name_database, run_statement


@asynccontextmanager
async def database_without_vectors(postgres: PostgresServer) -> AsyncIterator[Database]:
    """A migrated database without pgvector."""
    name = f"plain_{uuid4().hex}"
    await run_statement(postgres.url, f"create database {name} template template0")
    url = name_database(postgres.url, name)
    async with open_connection(url) as connection:
        await put_groups(connection)
        await connection.execute("drop extension vector")
        await run_migrations(connection, list_migrations())
        await put_logins(connection, list(LOGINS))
    yield Database(url, *(make_login_url(url, login) for login in LOGINS))
    await run_statement(postgres.url, f"drop database {name} with (force)")
