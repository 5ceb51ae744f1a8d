"""Whole daemons of a test: loop, endpoint and wake-ups, as `syncd run` puts them together, in this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import Connection, open_connection
from syncd.adapters.systemd import open_notifier
from syncd.bootstrap import Grounds, open_parts
from syncd.daemon import run_daemon
from syncd.services.sources import FolderAccess
from syncd.settings import Settings, load_settings
from syncd.web.server import open_site
from tests.databases import Database
from tests.loop import CHANNEL, TRIGGERS

FAR_SECONDS = 86_400.0


def make_settings(database: Database, redis_server: RedisServer, **more: Any) -> Settings:  # noqa: ANN401 - as settings take them
    """Return the settings of a daemon that polls once a day and parses in its own process."""
    return load_settings(
        sync_database_url=database.sync_url,
        web_database_url=database.web_url,
        redis_url=redis_server.url,
        poll_seconds=FAR_SECONDS,
        parse_workers=0,
        **more,
    )


@asynccontextmanager
async def open_daemon(settings: Settings) -> AsyncIterator[str]:
    """Run a daemon beside the body, and yield the URL of its endpoint; the end of the body drains it."""
    stop = asyncio.Event()
    grounds = Grounds(FolderAccess(roots=(), excluded=()))
    with open_notifier() as notifier:
        async with (
            open_parts(settings, grounds) as parts,
            open_site(parts, ("127.0.0.1", 0)) as url,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(run_daemon(parts, stop=stop, notifier=notifier))
            try:
                yield url
            finally:
                stop.set()


@dataclass(frozen=True, slots=True)
class Watch:
    """The database as its superuser sees it, and a bell that rings when the queue or a project changes."""

    connection: Connection
    bell: asyncio.Event

    async def wait_until(self, check: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
        """Return when *check* holds; it is asked again at each change."""
        async with asyncio.timeout(seconds):
            while True:
                self.bell.clear()
                if await check():
                    return
                await self.bell.wait()


@asynccontextmanager
async def open_watch(database: Database) -> AsyncIterator[Watch]:
    """Hang the bell into *database*."""
    bell = asyncio.Event()
    async with open_connection(database.migrator_url) as connection:
        await connection.execute(TRIGGERS)
        await connection.add_listener(CHANNEL, lambda *_: bell.set())
        yield Watch(connection, bell)
