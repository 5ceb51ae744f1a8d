"""Databases of tests: copies of a migrated template, and the URLs of those who use them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.migrations import list_migrations, run_migrations
from syncd.adapters.postgres.roles import Login, make_login_url, put_groups, put_logins

LOGINS = tuple(Login(f"test_{name}", f"password of {name}", f"syncd_{name}") for name in ("sync", "web", "read"))
TEMPLATE = "template_syncd"


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated database of one test, and the URLs of those who use it."""

    migrator_url: str
    sync_url: str
    web_url: str
    read_url: str


def name_database(url: str, name: str) -> str:
    """Return *url* with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def make_template(postgres: PostgresServer) -> str:
    """Make a migrated database to be copied, and return its name."""
    await run_statement(postgres.url, f"create database {TEMPLATE}")
    async with open_connection(name_database(postgres.url, TEMPLATE)) as connection:
        await put_groups(connection)
        await put_logins(connection, list(LOGINS))
        await run_migrations(connection, list_migrations())
    return TEMPLATE


@asynccontextmanager
async def make_database(postgres: PostgresServer, template: str) -> AsyncIterator[Database]:
    """Copy *template*, and drop the copy at the end."""
    name = f"test_{uuid4().hex}"
    await run_statement(postgres.url, f"create database {name} template {template} strategy file_copy")
    migrator_url = name_database(postgres.url, name)
    async with open_connection(migrator_url) as connection:
        await put_logins(connection, list(LOGINS))
    yield Database(migrator_url, *(make_login_url(migrator_url, login) for login in LOGINS))
    await run_statement(postgres.url, f"drop database {name} with (force)")


async def run_statement(url: str, statement: str) -> None:
    """Run one statement as the migrator, on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
