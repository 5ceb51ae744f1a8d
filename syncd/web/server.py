"""Serving the endpoint: an address that is ours, bounds on who may hold a connection, an end that comes."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import web

from syncd.bootstrap import Parts
from syncd.core.permalinks import make_web_url
from syncd.errors import BadUsage, Busy, SyncdError
from syncd.services.feeds import ReaderBounds, Watched, open_feeds
from syncd.web.app import make_app
from syncd.web.site import make_site

Address: TypeAlias = tuple[str, int]

BACKLOG = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a client can take. *header_seconds* bounds how long a connection waits for a whole header, also between requests."""

    header_seconds: float = 10.0
    lingering_seconds: float = 5.0
    shutdown_seconds: float = 5.0
    connections: int = 500


class Refusal(asyncio.Protocol):
    """Ends a connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close at once."""
        transport.close()


@asynccontextmanager
async def open_site(parts: Parts, where: socket.socket | Address, *, option: str = "--http") -> AsyncIterator[str]:
    """Serve the endpoint of *parts* and yield its URL. *where* is a socket of `bind`, or an address. Raises as `bind` does."""
    async with _open_app(parts) as app:
        if isinstance(where, socket.socket):
            async with serve(app, where) as url:
                yield url
            return
        with bind(where, option=option) as listening:
            async with serve(app, listening) as url:
                yield url


@asynccontextmanager
async def _open_app(parts: Parts) -> AsyncIterator[web.Application]:
    watched = Watched(
        parts.web_pool, parts.redis, parts.web_url, parts.work.clock, parts.budgets, parts.settings.lease_seconds
    )
    github_url = make_web_url(parts.settings.github_api_url)
    bounds = ReaderBounds(parts.settings.event_readers, parts.settings.event_readers_per_caller)
    async with open_feeds(watched, bounds=bounds, github_url=github_url) as feeds:
        yield make_app(make_site(parts, feeds))


@asynccontextmanager
async def serve(app: web.Application, listening: socket.socket, *, bounds: Bounds | None = None) -> AsyncIterator[str]:
    """Serve *app* on *listening* and yield its URL; at the end, let running requests end within the bounds, and close."""
    bounds = bounds or Bounds()
    runner = web.AppRunner(
        app,
        access_log=None,
        # aiohttp sets this timer when a connection begins and after each answer, and no byte of a header puts it off:
        # so it ends idle connections, and also those that dribble a header.
        keepalive_timeout=bounds.header_seconds,
        lingering_time=bounds.lingering_seconds,
        shutdown_timeout=bounds.shutdown_seconds,
    )
    await runner.setup()
    handling = runner.server
    assert handling is not None  # noqa: S101 - `setup` makes it

    def accept() -> asyncio.Protocol:
        return handling() if len(handling.connections) < bounds.connections else Refusal()

    server = await asyncio.get_running_loop().create_server(accept, sock=listening, backlog=BACKLOG)
    try:
        yield make_url(listening)
    finally:
        server.close()
        await runner.cleanup()


@contextmanager
def bind(address: Address, *, option: str) -> Iterator[socket.socket]:
    """Take *address* and listen on it from now on; *option* names it for people.

    Raises `Busy` when somebody listens there, `BadUsage` when it is not an address of this machine or not for us.
    """
    host, port = address
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise _explain(error, address, option) from error
    with socket.socket(family, kind, protocol) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setblocking(False)
        try:
            listening.bind(target)
            # With SO_REUSEADDR only listening makes the address ours: before it, a second program could bind it too.
            listening.listen(BACKLOG)
        except OSError as error:
            raise _explain(error, address, option) from error
        yield listening


def make_url(listening: socket.socket) -> str:
    """Return the URL of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _explain(error: OSError, address: Address, option: str) -> SyncdError:
    host, port = address
    if error.errno == errno.EADDRINUSE:
        return Busy(
            "port_taken",
            f"Port {port} on {host} is taken by another program.",
            hint=f"Choose another with {option} HOST:PORT ({option} {host}:0 takes a free one), or end that program.",
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return BadUsage(
            "port_forbidden",
            f"This user may not listen on port {port} of {host}.",
            hint=f"Choose a port above 1023 with {option} HOST:PORT.",
        )
    return BadUsage(
        "address_unavailable",
        f"{host} is not an address of this machine that can be listened on ({error.strerror or type(error).__name__}).",
        hint=f"Name one with {option} HOST:PORT, for example {option} 127.0.0.1:{port}.",
    )
