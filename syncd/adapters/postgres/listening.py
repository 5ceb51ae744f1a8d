"""LISTEN on a connection of its own, opened again whenever it ends."""

import asyncio
from collections.abc import Callable
from typing import Any

from syncd.adapters.postgres.connections import open_connection
from syncd.errors import Unreachable

RECONNECT_SECONDS = 2.0


async def listen(url: str, channel: str, on_notice: Callable[[str], None]) -> None:
    """Call *on_notice* with each payload of *channel*, for ever; also with an empty one after each (re)connect.

    A notice is a hint: what was missed while the connection was away is found by looking, which the empty payload asks for.
    """
    while True:
        try:
            async with open_connection(url) as connection:
                ended = asyncio.Event()

                def hear(_connection: Any, _pid: int, _channel: str, payload: Any) -> None:  # noqa: ANN401 - asyncpg's callback type
                    on_notice(str(payload))

                connection.add_termination_listener(lambda _connection, ended=ended: ended.set())
                await connection.add_listener(channel, hear)
                on_notice("")
                await ended.wait()
        except Unreachable:
            await asyncio.sleep(RECONNECT_SECONDS)
