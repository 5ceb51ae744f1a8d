"""Connections: one whose request does not come is closed, one too many is turned away, and honest ones notice nothing."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

import pytest
from mcp.shared.subscriptions import ResourceUpdated
from starlette.types import Receive, Scope, Send

from mcp_server import doors, subscribing
from mcp_server.doors import Door, GuardedProtocol, _JoinedWrites
from mcp_server.identity import Caller
from mcp_server.streams import MAX_WAITING_EVENTS, Stream, Watched
from tests.mcp_server.agents import LEGACY, MODERN, request
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")
DEADLINE_SECONDS = 5
HASTY_SECONDS = 0.1
HONEST_SECONDS = 1.0
"""Within it an honest request must come, however busy the machine is."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A raw connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def read_to_the_end(self) -> bytes:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await self.reader.read()

    async def ask(self, key: str) -> int:
        """Send one whole request, and return the status of its answer."""
        body = json.dumps(request("ping")).encode()
        await self.send(make_header(key, len(body)) + body)
        async with asyncio.timeout(DEADLINE_SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
            (length,) = [
                line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
            ]
            await self.reader.readexactly(int(length))
        return int(head.split(b" ")[1])

    async def listen(self, key: str) -> None:
        """Subscribe to a project; what comes next are events."""
        meta = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        params = {"notifications": {"resourceSubscriptions": ["doc://guide"]}, "_meta": meta}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params}).encode()
        header = make_header(key, len(body)).replace(LEGACY.encode(), MODERN.encode())
        await self.send(header.replace(b"Accept:", b"Mcp-Method: subscriptions/listen\r\nAccept:") + body)
        async with asyncio.timeout(DEADLINE_SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head

    async def read_events(self, last: str) -> list[str]:
        """Return the names of the documents that events speak of, up to *last*."""
        names: list[str] = []
        async with asyncio.timeout(DEADLINE_SECONDS):
            while names[-1:] != [last] and (line := await self.reader.readline()):
                names += re.findall(r'"uri":\s*"doc://guide/(\w+)/', line.decode())
        return names


def make_header(key: str, length: int) -> bytes:
    return (
        f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {LEGACY}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


@asynccontextmanager
async def open_wire(origin: str) -> AsyncIterator[Wire]:
    address = urlsplit(origin)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "sent", [b"", b"GET /livez HTTP/1.1\r\nHost: loc", b"\r\n\r\n"], ids=["nothing", "part", "blank"]
)
async def test_a_connection_without_a_whole_header_is_closed(world: World, sent: bytes) -> None:
    async with serving(world.database.read_url, mcp_header_seconds=HASTY_SECONDS) as origin, open_wire(origin) as wire:
        await wire.send(sent)
        assert (await wire.read_to_the_end()).startswith(b"HTTP/1.1 408 ")


async def test_a_connection_whose_body_does_not_come_is_closed(world: World) -> None:
    async with serving(world.database.read_url, mcp_header_seconds=HASTY_SECONDS) as origin, open_wire(origin) as wire:
        await wire.send(make_header(world.acme.api_key, 100) + b'{"jsonrpc"')
        assert (await wire.read_to_the_end()).startswith(b"HTTP/1.1 408 ")


async def test_a_second_header_that_does_not_come_ends_a_connection_that_was_used(world: World) -> None:
    async with serving(world.database.read_url, mcp_header_seconds=HONEST_SECONDS) as origin, open_wire(origin) as wire:
        assert await wire.ask(world.acme.api_key) == 200
        await wire.send(b"\r\n")
        assert (await wire.read_to_the_end()).startswith(b"HTTP/1.1 408 ")


async def test_a_connection_that_rests_between_requests_stays(world: World) -> None:
    async with (
        serving(world.database.read_url, mcp_header_seconds=HONEST_SECONDS) as origin,
        open_wire(origin) as resting,
        open_wire(origin) as slow,
    ):
        assert await resting.ask(world.acme.api_key) == 200
        await slow.send(b"POST")
        await slow.read_to_the_end()  # longer than a header may take
        async with open_wire(origin) as another:
            await another.read_to_the_end()
        assert await resting.ask(world.acme.api_key) == 200


async def test_an_answer_may_take_longer_than_a_header(world: World) -> None:
    async with (
        serving(world.database.read_url, mcp_header_seconds=HONEST_SECONDS) as origin,
        open_wire(origin) as listening,
        open_wire(origin) as slow,
    ):
        await listening.listen(world.acme.api_key)
        await slow.read_to_the_end()
        assert not listening.reader.at_eof()


async def test_of_one_address_no_more_connections_are_held_than_allowed(world: World) -> None:
    async with (
        serving(world.database.read_url, mcp_connections_per_address=2) as origin,
        open_wire(origin) as first,
    ):
        assert await first.ask(world.acme.api_key) == 200
        async with open_wire(origin) as second:
            assert await second.ask(world.acme.api_key) == 200
            async with open_wire(origin) as third:
                said = await third.read_to_the_end()
            assert said.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1" in said
            assert await first.ask(world.acme.api_key) == 200


async def test_a_client_that_reads_no_answer_is_cut_off(world: World) -> None:
    written = asyncio.Event()

    async def flood(__: Scope, ___: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1_000):  # far more than the buffers of both ends hold
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        written.set()

    async with (
        serving(world.database.read_url, lambda _: flood, mcp_write_seconds=HASTY_SECONDS) as origin,
        open_wire(origin) as deaf,
    ):
        transport = deaf.writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        await deaf.send(make_header(world.acme.api_key, 0))
        async with asyncio.timeout(DEADLINE_SECONDS):
            # Whoever writes is not held up for ever: for a connection that is gone nothing is kept.
            await written.wait()


async def test_a_reader_of_events_who_pauses_and_reads_on_keeps_its_stream_and_misses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Stream] = []
    held_up = asyncio.Event()

    def open_stream(caller: Caller, watched: Sequence[Watched], lists: bool) -> Stream:
        opened.append(Stream(caller, watched, lists))
        return opened[-1]

    class Spied(GuardedProtocol):
        def pause_writing(self) -> None:
            super().pause_writing()
            held_up.set()

    monkeypatch.setattr(subscribing, "Stream", open_stream)
    monkeypatch.setattr(doors, "GuardedProtocol", Spied)
    names = (f"n{number}" for number in count())
    told: list[str] = []

    def tell() -> None:
        told.append(next(names))
        opened[0].put(ResourceUpdated(f"doc://guide/{told[-1]}/{'x' * 4_000}"))

    async with (
        serving(world.database.read_url, mcp_write_seconds=1, mcp_header_seconds=1) as origin,
        open_wire(origin) as paused,
    ):
        await paused.listen(world.acme.api_key)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not held_up.is_set():
                if len(opened[0].events) < MAX_WAITING_EVENTS // 2:
                    tell()
                await asyncio.sleep(0)
        tell()
        assert await paused.read_events(told[-1]) == told
        async with open_wire(origin) as late:
            await late.read_to_the_end()  # longer than a client may read nothing
        tell()
        assert await paused.read_events(told[-1]) == told[-1:]


async def test_a_door_counts_who_left() -> None:
    door = Door(most=3, most_per_address=2, header_seconds=1, write_seconds=1)
    assert [door.enter(one) for one in ("a", "a", "a")] == [True, True, False]
    door.leave("a")
    door.leave("a")
    assert [door.enter(one) for one in ("a", "b", "c")] == [True, True, False]
    for one in ("a", "a", "b", "c"):
        door.leave(one)
    assert not door._open


class Packets(asyncio.Transport):
    """A transport that keeps what is written to it, a write at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[list[bytes]] = []
        self.closed = False

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.written.append([bytes(data) for data in list_of_data])

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def test_the_head_of_an_answer_leaves_with_its_body() -> None:
    packets = Packets()
    writes = _JoinedWrites(packets, asyncio.get_running_loop())
    writes.write(b"head")
    writes.write(b"body")
    writes.write(b"more")
    await asyncio.sleep(0)
    assert packets.written == [[b"head", b"body"], [b"more"]]


async def test_a_head_whose_body_is_late_is_not_held_back(world: World) -> None:
    heard = asyncio.Event()

    async def hesitate(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await heard.wait()
        await send({"type": "http.response.body", "body": b"late"})

    async with serving(world.database.read_url, lambda _: hesitate) as origin, open_wire(origin) as wire:
        await wire.send(make_header(world.acme.api_key, 0))
        async with asyncio.timeout(DEADLINE_SECONDS):
            assert (await wire.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            heard.set()
            assert await wire.reader.readuntil(b"0\r\n\r\n") == b"4\r\nlate\r\n0\r\n\r\n"


async def test_a_head_leaves_before_its_connection_ends_and_not_after() -> None:
    packets, gone = Packets(), Packets()
    writes, lost = (_JoinedWrites(one, asyncio.get_running_loop()) for one in (packets, gone))
    for one in (writes, lost):
        one.write(b"head")
    writes.close()
    gone.closed = True
    await asyncio.sleep(0)
    assert packets.written == [[b"head"]]
    assert packets.closed
    assert gone.written == []
