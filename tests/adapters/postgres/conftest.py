"""One migrated database for all tests that roll back what they do."""

from collections.abc import AsyncIterator

import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.postgres.connections import Connection, open_connection
from tests.databases import Database, make_database


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def still_database(postgres: PostgresServer, template: str) -> AsyncIterator[Database]:
    """A migrated database of this module: nothing is committed to it."""
    async with make_database(postgres, template) as database:
        yield database


@pytest_asyncio.fixture
async def migrator(still_database: Database) -> AsyncIterator[Connection]:
    """The migrator, in a transaction that is rolled back."""
    async with open_connection(still_database.migrator_url) as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield connection
        finally:
            await transaction.rollback()
