"""LISTEN on a connection of its own, opened again whenever it ends."""

import asyncio
import logging
from collections.abc import Callable

from syncd.adapters.postgres.connections import explaining, open_connection
from syncd.errors import SyncdError

log = logging.getLogger("syncd.postgres")

RECONNECT_SECONDS = 2.0


async def listen(url: str, channel: str, on_notice: Callable[[str], None]) -> None:
    """Call *on_notice* with each payload of *channel*, for ever; also with an empty one after each (re)connect.

    A notice is a hint: what was missed while the connection was away is found by looking, which the empty payload asks for.
    """
    while True:
        try:
            with explaining(url):
                await _listen_once(url, channel, on_notice)
        except SyncdError as error:
            log.warning("listening waits", extra={"channel": channel, "code": error.code})
            await asyncio.sleep(RECONNECT_SECONDS)


async def _listen_once(url: str, channel: str, on_notice: Callable[[str], None]) -> None:
    """Listen until the connection ends."""
    ended = asyncio.Event()

    def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        on_notice(str(payload))

    async with open_connection(url) as connection:
        connection.add_termination_listener(lambda _connection: ended.set())
        await connection.add_listener(channel, hear)
        on_notice("")
        await ended.wait()
