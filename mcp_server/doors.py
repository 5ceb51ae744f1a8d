"""Connections: how many there may be, how long a request may take to come, and an answer to be read. uvicorn itself waits for ever."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# A body is larger than a header, and slow networks are no attack.
BODY_FACTOR = 3


@dataclass(slots=True)
class Door:
    """How many connections are open, altogether and from each address, and how many there may be."""

    most: int
    most_per_address: int
    header_seconds: float
    write_seconds: float
    _open: Counter[str] = field(default_factory=Counter)

    def enter(self, address: str) -> bool:
        """Count a connection from *address*; false when it is one too many."""
        self._open[address] += 1
        return self._open.total() <= self.most and self._open[address] <= self.most_per_address

    def leave(self, address: str) -> None:
        """Count a connection of *address* no more."""
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]


class _JoinedWrites:
    """Writes the head of an answer together with what follows it at once: in one packet, for which a client wakes once."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.is_closing = transport.is_closing
        self._transport = transport
        self._loop = loop
        self._begun = False
        self._kept: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Write *data*; the first of it, with the next, or alone where none comes before the loop goes round."""
        self._kept.append(data)
        if self._begun:
            self._flush()
        else:
            self._begun = True
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Close the connection, once what was written has left."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._kept and not self._transport.is_closing():
            self._transport.writelines(self._kept)
            self._kept = []


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which ends a connection that is one too many, whose request does not come, or whose client does not read."""

    door: Door

    def __init__(self, *positional: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own arguments, handed on
        super().__init__(*positional, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None
        self._lacks_body = False
        self._address = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's is
        """Count the connection; from now on its first header is awaited."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        if not self.door.enter(self._address):
            self._close(b"503 Service Unavailable", b"retry-after: 1\r\n")
            return
        self._await(self.door.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the connection no more."""
        self._stop_waiting()
        self._stop_waiting_for_reader()
        self.door.leave(self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and await what is still to come of a request. One that came whole is awaited no longer: it needs no timer."""
        super().data_received(data)
        if self._deadline is None:
            if self._lacks_body:
                self._await(self.door.header_seconds * BODY_FACTOR)
            elif self.cycle is None or self.cycle.response_complete:
                self._await(self.door.header_seconds)

    def on_headers_complete(self) -> None:
        """Await the body, once the header is whole."""
        super().on_headers_complete()
        self._stop_waiting()
        self._lacks_body = True
        # Of other methods some answers have no body that would take the head along.
        if self.cycle is not None and self.cycle.scope is self.scope and self.scope["method"] == "POST":
            self.cycle.transport = _JoinedWrites(self.transport, self.loop)  # type: ignore[assignment] # what the cycle asks of one

    def on_message_complete(self) -> None:
        """Await nothing while the request is answered."""
        super().on_message_complete()
        self._stop_waiting()
        self._lacks_body = False

    def pause_writing(self) -> None:
        """Stop writing to a client that does not read, and end the connection if that lasts: what waits for it is held in memory."""
        super().pause_writing()
        self._write_deadline = self.loop.call_later(self.door.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on, since the client reads again."""
        super().resume_writing()
        self._stop_waiting_for_reader()

    def _stop_waiting_for_reader(self) -> None:
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    def _await(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self._close(b"408 Request Timeout", b"")

    def _close(self, status: bytes, header: bytes) -> None:
        """Close with a last word, where none has been said yet."""
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\n" + header + b"connection: close\r\ncontent-length: 0\r\n\r\n"
            )
        self.transport.close()


def make_protocol(door: Door) -> type[GuardedProtocol]:
    """Return the protocol behind *door*."""
    return type("DoorProtocol", (GuardedProtocol,), {"door": door})
