"""A proxy between a client and a server's socket that loses, doubles, delays and withholds what passes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from syncd.adapters.beside import wait_for_first

CHUNK_BYTES = 64 * 1024


@dataclass(slots=True)
class Faults:
    """How often what happens to a reply, from 0 to 1. *mute*: nothing passes in either direction, and nobody hangs up.

    Only replies to scripts are doubled: a client that is answered twice while it signs in is talking to no server at all.
    *lose_next* replies are lost first, whatever the dice say. After a lost reply the connection is closed.
    """

    lose_reply: float = 0.0
    double_reply: float = 0.0
    slow_reply: float = 0.0
    slow_seconds: float = 0.0
    mute: bool = False
    lose_next: int = 0


class FaultProxy:
    """Forwards each connection to the socket at *target*. *faults* may be changed at any time."""

    def __init__(self, target: str, faults: Faults, dice: Random) -> None:
        self._target = target
        self._dice = dice
        self.faults = faults
        self.counts = {"lost": 0, "doubled": 0, "slowed": 0}
        self._pipes: set[asyncio.Task[None]] = set()
        self._heard = asyncio.Event()
        self._open = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        if not self._open:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._pipes.add(task)
        try:
            await self._carry(reader, writer)
        except asyncio.CancelledError:
            pass  # the proxy closes
        finally:
            writer.transport.abort()
            self._pipes.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            upstream_reader, upstream_writer = await asyncio.open_unix_connection(self._target)
            try:
                asked = bytearray()
                await wait_for_first(
                    self._send(reader, upstream_writer, asked), self._reply(upstream_reader, writer, asked)
                )
            finally:
                upstream_writer.transport.abort()

    async def _send(self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter, asked: bytearray) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            asked[:] = chunk
            self._heard.set()
            await self._wait_until_heard()
            upstream.write(chunk)
            await upstream.drain()

    async def _reply(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: bytearray) -> None:
        while chunk := await upstream.read(CHUNK_BYTES):
            await self._wait_until_heard()
            fate = self._dice.random()
            if self.faults.lose_next or fate < self.faults.lose_reply:
                self.faults.lose_next = max(0, self.faults.lose_next - 1)
                self.counts["lost"] += 1
                return
            if b"EVALSHA" in asked and fate < self.faults.lose_reply + self.faults.double_reply:
                self.counts["doubled"] += 1
                chunk += chunk
            elif fate < self.faults.lose_reply + self.faults.double_reply + self.faults.slow_reply:
                self.counts["slowed"] += 1
                await asyncio.sleep(self.faults.slow_seconds)
            writer.write(chunk)
            await writer.drain()

    async def _wait_until_heard(self) -> None:
        while self.faults.mute:  # noqa: ASYNC110 - a test sets the fault as a plain value
            await asyncio.sleep(0.01)

    async def wait_for_request(self) -> None:
        """Return when the next request has come, whether or not it is passed on."""
        self._heard.clear()
        await asyncio.wait_for(self._heard.wait(), 5)

    async def lead_to(self, target: str) -> None:
        """Forward to another server from now on, as an address does that has failed over; the connections to the old one end."""
        self._target = target
        await self._end_all()

    async def shut(self) -> None:
        """End every connection, those too that are still to come: the server is gone for who goes through here."""
        self._open = False
        await self._end_all()

    async def _end_all(self) -> None:
        for pipe in tuple(self._pipes):
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)


@asynccontextmanager
async def open_proxy(
    target: str, path: Path, faults: Faults | None = None, *, seed: int = 0
) -> AsyncIterator[FaultProxy]:
    """Listen on the socket at *path*, which must be short."""
    proxy = FaultProxy(target, faults or Faults(), Random(seed))
    server = await asyncio.start_unix_server(proxy.serve, path=str(path))
    try:
        yield proxy
    finally:
        server.close()
        await proxy.shut()
        await server.wait_closed()


@asynccontextmanager
async def proxying_redis(
    url: str, faults: Faults | None = None, *, seed: int = 0
) -> AsyncIterator[tuple[FaultProxy, str]]:
    """Yield a proxy before the Redis at *url* (a unix socket), and the url that leads through it."""
    parts = urlsplit(url)
    # A socket's path is at most 107 bytes long: not below the directory of a test.
    with TemporaryDirectory() as directory:
        path = Path(directory) / "redis.sock"
        async with open_proxy(unquote(parts.path), path, faults, seed=seed) as proxy:
            yield proxy, urlunsplit(parts._replace(path=quote(str(path), safe="/")))


@asynccontextmanager
async def proxying_postgres(url: str) -> AsyncIterator[tuple[FaultProxy, str]]:
    """Yield a proxy before the Postgres at *url* (a directory of sockets), and the url that leads through it."""
    parts = urlsplit(url)
    (host,) = parse_qs(parts.query)["host"]
    with TemporaryDirectory() as directory:
        name = f".s.PGSQL.{parse_qs(parts.query)['port'][0]}"
        async with open_proxy(f"{host}/{name}", Path(directory) / name) as proxy:
            yield (
                proxy,
                urlunsplit(parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), "host": directory}))),
            )
