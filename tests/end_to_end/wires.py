"""Wires between a daemon and its servers, on which a witness sees every statement and script pass, and may let none pass any more.

They are real seams: the daemon connects to a port that leads to the server's socket, and knows nothing of it. A message that
was not let through never reached the server; an answer that was not let through was never heard.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Protocol

import syncd.adapters.redis.locks
from syncd.adapters.beside import wait_for_first
from syncd.adapters.postgres.statements import sql_directory


class Moment(Enum):
    """Before a message reaches its server, when it has just left for it, and when its whole answer is there but not heard."""

    BEFORE = auto()
    SENT = auto()
    AFTER = auto()


@dataclass(frozen=True, slots=True)
class Sighting:
    """*what* passes: a query by its name, `begin`, `commit`, `rollback`, or a script. *ran*: what its transaction ran before."""

    what: str
    moment: Moment
    ran: frozenset[str] = frozenset()


Witness = Callable[[Sighting], Awaitable[bool]]
"""Is told what passes, and returns whether it may."""


class Talk(Protocol):
    """What is said on one connection. Both directions are split into messages; a message may name what it begins or ends."""

    def split_questions(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]: ...
    def split_answers(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]: ...
    def find_question(self, message: bytes) -> str | None: ...
    def find_answered(self, message: bytes) -> str | None: ...
    def list_ran(self) -> frozenset[str]: ...


@cache
def _list_queries() -> Mapping[str, str]:
    """Return the name of each query by its text."""
    root = sql_directory() / "queries"
    return {
        path.read_text(encoding="utf-8"): str(path.relative_to(root).with_suffix("")) for path in root.rglob("*.sql")
    }


@cache
def _list_scripts() -> Mapping[str, str]:
    """Return the name of each Lua script by its digest."""
    root = Path(syncd.adapters.redis.locks.__file__).parent / "scripts"
    return {sha1(path.read_bytes()).hexdigest(): path.stem for path in root.glob("*.lua")}  # noqa: S324 - Redis's own name of a script


@dataclass(slots=True)
class PostgresTalk:
    """The messages of Postgres's protocol 3.0, from the start of a connection without encryption."""

    started: bool = False
    prepared: dict[bytes, str] = field(default_factory=dict)
    bound: str = ""
    asked: str | None = None
    ran: list[str] = field(default_factory=list)

    async def split_questions(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        head = await reader.readexactly(4)
        yield head + await reader.readexactly(int.from_bytes(head, "big") - 4)
        self.started = True
        async for message in self.split_answers(reader):
            yield message

    async def split_answers(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        while True:
            head = await reader.readexactly(5)
            yield head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4)

    def find_question(self, message: bytes) -> str | None:
        if not self.started:
            return None
        body = message[5:]
        match message[:1]:
            case b"P":
                name, text = body.split(b"\0")[:2]
                self.prepared[name] = text.decode()
            case b"B":
                self.bound = self.prepared.get(body.split(b"\0")[1], "")
            case b"E":
                self.asked = _list_queries().get(self.bound)
                return self.asked
            case b"Q":
                self.asked = body.split(b"\0")[0].decode().split()[0].strip(";").lower()
                return self.asked
            case _:
                pass
        return None

    def find_answered(self, message: bytes) -> str | None:
        if message[:1] != b"Z" or self.asked is None:
            return None
        answered, self.asked = self.asked, None
        if message[5:6] == b"I":  # outside of a transaction
            self.ran = []
        else:
            self.ran.append(answered)
        return answered

    def list_ran(self) -> frozenset[str]:
        return frozenset(self.ran)


@dataclass(slots=True)
class RedisTalk:
    """Commands as RESP arrays; an answer is whatever comes after a command."""

    asked: str | None = None

    async def split_questions(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        while True:
            message = await reader.readuntil(b"\r\n")
            for _ in range(int(message[1:])):
                head = await reader.readuntil(b"\r\n")
                message += head + await reader.readexactly(int(head[1:]) + 2)
            yield message

    async def split_answers(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        while chunk := await reader.read(65536):
            yield chunk

    def find_question(self, message: bytes) -> str | None:
        words = message.split(b"\r\n")[2::2]
        if words[0].upper() == b"EVALSHA":
            self.asked = _list_scripts()[words[1].decode()]
        return self.asked

    def find_answered(self, _message: bytes) -> str | None:
        answered, self.asked = self.asked, None
        return answered

    def list_ran(self) -> frozenset[str]:
        return frozenset()


@asynccontextmanager
async def open_wire(socket: Path, make_talk: Callable[[], Talk], witness: Witness) -> AsyncIterator[int]:
    """Lead a free port of the loopback to *socket*, past *witness*; yield the port."""
    talking: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        try:
            await _lead(reader, writer, socket, make_talk(), witness)
        finally:
            talking.discard(task)
            await _hang_up(writer)

    async with AsyncExitStack() as stack:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        stack.callback(server.close)
        yield server.sockets[0].getsockname()[1]
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


async def _lead(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, socket: Path, talk: Talk, witness: Witness
) -> None:
    """Pass messages on in both directions until one of them ends, or may not pass."""
    there, towards = await asyncio.open_unix_connection(socket)
    try:
        ends = await wait_for_first(_ask(talk, reader, towards, witness), _answer(talk, there, writer, witness))
    finally:
        await _hang_up(towards)
    for end in ends:
        if end is not None and not isinstance(end.exception(), asyncio.IncompleteReadError | ConnectionError):
            end.result()


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close at once, and return when it is closed: a loop that ends before leaves the socket to the garbage collector."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


async def _ask(talk: Talk, reader: asyncio.StreamReader, towards: asyncio.StreamWriter, witness: Witness) -> None:
    async for message in talk.split_questions(reader):
        what = talk.find_question(message)
        if what and not await witness(Sighting(what, Moment.BEFORE, talk.list_ran())):
            return
        towards.write(message)
        await towards.drain()
        if what and not await witness(Sighting(what, Moment.SENT, talk.list_ran())):
            return


async def _answer(talk: Talk, there: asyncio.StreamReader, writer: asyncio.StreamWriter, witness: Witness) -> None:
    async for message in talk.split_answers(there):
        ran = talk.list_ran()
        what = talk.find_answered(message)
        if what and not await witness(Sighting(what, Moment.AFTER, ran)):
            return
        writer.write(message)
        await writer.drain()
