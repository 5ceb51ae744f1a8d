"""Notices are heard as long as there is a database, and what was missed is asked for after each reconnection."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from syncd.adapters.postgres import listening
from syncd.adapters.postgres.listening import listen
from tests.databases import Database, run_statement
from tests.loop import fetch

DEADLINE_SECONDS = 5
CHANNEL = "test_notices"


class Ear:
    """What was heard, in order."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[str] = asyncio.Queue()

    def hear(self, payload: str) -> None:
        self._heard.put_nowait(payload)

    async def next(self) -> str:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await self._heard.get()


@asynccontextmanager
async def listening_to(url: str) -> AsyncIterator[Ear]:
    ear = Ear()
    task = asyncio.create_task(listen(url, CHANNEL, ear.hear))
    try:
        yield ear
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def notify(database: Database, payload: str) -> None:
    await run_statement(database.migrator_url, f"notify {CHANNEL}, '{payload}'")


async def end_listener(database: Database) -> None:
    """Let the server end the listener's connection, as it does when it is restarted."""
    ended = await fetch(
        database.migrator_url,
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'test_sync' and datname = current_database()",
    )
    assert len(ended) == 1


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "RECONNECT_SECONDS", 0.01)


async def test_the_first_word_is_to_look_and_then_each_notice_is_heard(database: Database) -> None:
    async with listening_to(database.sync_url) as ear:
        assert await ear.next() == ""
        for payload in ("one", "two"):
            await notify(database, payload)
            assert await ear.next() == payload


async def test_a_lost_connection_is_opened_again_and_asks_to_look(database: Database) -> None:
    async with listening_to(database.sync_url) as ear:
        assert await ear.next() == ""
        for payload in ("after one loss", "after two"):
            await end_listener(database)
            assert await ear.next() == ""
            await notify(database, payload)
            assert await ear.next() == payload


async def test_a_database_that_refuses_is_tried_again_until_it_takes_us(database: Database) -> None:
    name = (await fetch(database.migrator_url, "select current_database()"))[0][0]
    waited = asyncio.Event()

    def notice_wait(record: logging.LogRecord) -> bool:
        if record.msg == "listening waits":
            waited.set()
        return True

    listening.log.addFilter(notice_wait)
    try:
        async with listening_to(database.sync_url) as ear:
            assert await ear.next() == ""
            await run_statement(database.migrator_url, f"alter database {name} connection limit 0")
            await end_listener(database)
            async with asyncio.timeout(DEADLINE_SECONDS):
                await waited.wait()
            await run_statement(database.migrator_url, f"alter database {name} connection limit -1")
            assert await ear.next() == ""
    finally:
        listening.log.removeFilter(notice_wait)


async def test_the_end_of_the_task_closes_its_connection(database: Database) -> None:
    async with listening_to(database.sync_url) as ear:
        assert await ear.next() == ""
    left = await fetch(
        database.migrator_url,
        "select from pg_stat_activity where usename = 'test_sync' and datname = current_database()",
    )
    assert left == []
