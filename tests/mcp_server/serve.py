"""The server, served in this process on a free port of the loopback, and stopped as SIGTERM stops it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from mcp_server.serving import make_http_server, open_http_application, open_listener
from syncd.settings import Settings


@asynccontextmanager
async def serving(read_url: str, *, allowed_hosts: tuple[str, ...] = ()) -> AsyncIterator[str]:
    """Serve MCP over the database of *read_url*, and yield the origin, http://127.0.0.1:PORT."""
    chosen = Settings(
        _env_file=None, env="test", read_database_url=SecretStr(read_url), mcp_allowed_hosts=allowed_hosts
    )
    stop, ready = asyncio.Event(), asyncio.Event()
    with open_listener("127.0.0.1", 0) as listener:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_serve(chosen, listener, ready, stop))
            await ready.wait()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            stop.set()


async def _serve(settings: Settings, listener: socket.socket, ready: asyncio.Event, stop: asyncio.Event) -> None:
    async with open_http_application(settings, host="127.0.0.1") as application:
        server = make_http_server(application, drain_seconds=2)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listener]))
            # A listening socket takes connections at once; they are answered as soon as the loop of the server runs.
            ready.set()
            await stop.wait()
            server.should_exit = True
