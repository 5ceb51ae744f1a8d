"""What is kept long enough is forgotten, and a database that is away only puts that off."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from syncd.services.retention import run_retention
from tests.databases import Database
from tests.loop import fetch
from tests.mirror import Mirror

DEADLINE_SECONDS = 5


@asynccontextmanager
async def running(mirror: Mirror) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(run_retention(mirror.work, delivery_days=14, request_days=30))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Bell(logging.Handler):
    """Rings when something is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.rung = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "retention waits":
            self.rung.set()


async def test_deliveries_of_a_fortnight_ago_are_forgotten_when_the_daemon_starts(
    mirror: Mirror, database: Database
) -> None:
    now = mirror.work.clock()
    for name, age in (("old", timedelta(days=15)), ("young", timedelta(days=13))):
        statement = "insert into syncd.webhook_deliveries values ($1, 'push', $2, 'ignored')"
        await fetch(database.migrator_url, statement, name, now - age)
    async with running(mirror), asyncio.timeout(DEADLINE_SECONDS):
        while len(kept := await fetch(database.migrator_url, "select * from syncd.webhook_deliveries")) > 1:
            pass
    assert [row["delivery_id"] for row in kept] == ["young"]


async def test_a_database_that_is_away_does_not_end_the_daemon(mirror: Mirror) -> None:
    await mirror.pool.close()
    bell, logger = Bell(), logging.getLogger("syncd.daemon")
    logger.addHandler(bell)
    try:
        async with running(mirror) as task, asyncio.timeout(DEADLINE_SECONDS):
            await bell.rung.wait()
            assert not task.done()
    finally:
        logger.removeHandler(bell)
