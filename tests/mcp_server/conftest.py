"""One served world for the tests that only read it; a database of their own for those that change something."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.roles import make_login_url, put_logins
from tests.databases import LOGINS, Database, name_database, run_statement
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import ACME_FILES, GLOBEX_FILES, World, make_party, open_known_session
from tests.mirror import open_mirror


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world_database(postgres: PostgresServer, template: str) -> AsyncIterator[Database]:
    """The database of the world."""
    name = f"world_{uuid4().hex}"
    await run_statement(postgres.url, f"create database {name} template {template} strategy file_copy")
    url = name_database(postgres.url, name)
    async with open_connection(url) as connection:
        await put_logins(connection, list(LOGINS))
    yield Database(url, *(make_login_url(url, login) for login in LOGINS))
    await run_statement(postgres.url, f"drop database {name} with (force)")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(
    world_database: Database, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Two tenants, served. Tests must leave it as it is."""
    async with (
        open_mirror(world_database, redis_server, tenant="acme") as acme_mirror,
        open_mirror(world_database, redis_server, tenant="globex") as globex_mirror,
        serving(world_database.read_url) as origin,
    ):
        acme = await make_party(acme_mirror, tmp_path_factory.mktemp("acme"))
        globex = await make_party(globex_mirror, tmp_path_factory.mktemp("globex"))
        await open_known_session(acme, "s-guideguideguidea")
        await open_known_session(globex, "s-vaultvaultvaulta")
        yield World(
            database=world_database,
            mcp_url=origin,
            acme=acme,
            globex=globex,
            guide=await acme.add_project("guide", ACME_FILES),
            notes=await acme.add_project("notes", {"todo.txt": "Feed the wombat.\n"}, repository=None),
            globex_guide=await globex.add_project("guide", GLOBEX_FILES, repository="globex/docs"),
            globex_vault=await globex.add_project("vault", GLOBEX_FILES, repository="globex/vault"),
        )
