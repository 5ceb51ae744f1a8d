"""A gate in front of a real server: shut it, and the server is gone for who goes through it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class Gate:
    """Passes bytes on from a port of loopback until it is shut."""

    port: int = 0
    _server: asyncio.Server | None = None
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def open(self, connect: Callable[[], Awaitable[Streams]]) -> None:
        """Begin to pass on what comes to `port` to where *connect* leads."""

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await connect()
            self._writers += [writer, far_writer]
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

        self._server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """Cut what goes through and refuse what comes."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def open_gate(socket_path: str) -> AsyncIterator[Gate]:
    """Open a gate to the server at the unix socket *socket_path*."""
    gate = Gate()
    await gate.open(lambda: asyncio.open_unix_connection(socket_path))
    try:
        yield gate
    finally:
        gate.shut()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    writer.close()
