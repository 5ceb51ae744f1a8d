"""The real servers that tests run on: one embedded Postgres and one embedded Redis a session, a database of its own a test."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer, open_postgres
from syncd.adapters.embedded.redis import RedisServer, open_redis
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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresServer]:
    """The session's Postgres: the one that `syncd up` starts, without the flushes that survive a loss of power."""
    directory = tmp_path_factory.mktemp("postgres")
    async with open_postgres(directory / "cluster", run_directory=directory / "run", fast_and_unsafe=True) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(postgres: PostgresServer) -> str:
    """The name of a migrated database, to be copied."""
    await run_statement(postgres.url, f"create database {TEMPLATE}")
    async with open_connection(name_database(postgres.url, TEMPLATE)) as connection:
        await put_groups(connection)
        await put_logins(connection, list(LOGINS))
        await run_migrations(connection, list_migrations())
    return TEMPLATE


@pytest_asyncio.fixture
async def database(postgres: PostgresServer, template: str) -> AsyncIterator[Database]:
    """A migrated database of this test alone."""
    async with make_database(postgres, template) as made:
        yield made


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    """The session's Redis: the one that `syncd up` starts. Projects have ids of their own, so tests can share it."""
    directory = tmp_path_factory.mktemp("redis")
    async with open_redis(directory / "data", run_directory=directory / "run") as server:
        yield server


@pytest.fixture
def data_directory(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of the loopback that nobody else gets and nobody answers: bound, and not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
