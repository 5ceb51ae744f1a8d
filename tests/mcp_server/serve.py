"""The server, served in this process on a free port of the loopback, and stopped as SIGTERM stops it."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from starlette.types import ASGIApp

from mcp_server.admission import Admission
from mcp_server.asgi import HttpApplication
from mcp_server.ledger import Ledger
from mcp_server.limits import Pace, Places
from mcp_server.requests import Identify
from mcp_server.serving import make_http_server, open_http_application, open_listener
from syncd.adapters.postgres.connections import Pool
from syncd.core.allowances import Allowance
from syncd.settings import Settings

# The world is shared by many tests, which call it more often than an agent may.
PATIENT = {"mcp_calls_per_minute": 1_000_000, "mcp_burst_calls": 1_000_000, "drain_seconds": 2}


def make_admission(identify: Identify, pool: Pool) -> Admission:
    """Return an admission that lets everybody through."""
    ledger = Ledger(pool, key=b"k", clock=lambda: datetime.now(UTC))
    pace = Pace(Allowance(1_000_000.0, 1_000_000), None, monotonic=time.monotonic)
    return Admission(identify, pace, Places(1_000, 1_000), ledger)


@asynccontextmanager
async def serving(
    read_url: str,
    dress: Callable[[HttpApplication], ASGIApp] = lambda application: application,
    /,
    **settings: Any,  # noqa: ANN401 - pydantic validates whatever comes in
) -> AsyncIterator[str]:
    """Serve MCP over the database of *read_url*, with further *settings*, and yield the origin, http://127.0.0.1:PORT.

    *dress* changes the application before it is served, or what is around it.
    """
    chosen = Settings(_env_file=None, env="test", read_database_url=SecretStr(read_url), **(PATIENT | settings))
    stop, ready = asyncio.Event(), asyncio.Event()
    with open_listener("127.0.0.1", 0) as listener:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_serve(chosen, listener, ready, stop, dress))
            await ready.wait()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            stop.set()


async def _serve(
    settings: Settings,
    listener: socket.socket,
    ready: asyncio.Event,
    stop: asyncio.Event,
    dress: Callable[[HttpApplication], ASGIApp],
) -> None:
    async with open_http_application(settings, host="127.0.0.1") as application:
        server = make_http_server(application, settings)
        server.config.app = dress(application)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(server.serve(sockets=[listener]))
            # The socket takes connections at once, but a test's deadlines are for the answers, not for uvicorn's own start.
            while not (server.started or running.done()):  # noqa: ASYNC110 - it tells of its start by nothing else
                await asyncio.sleep(0)
            ready.set()
            await stop.wait()
            server.should_exit = True
