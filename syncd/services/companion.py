"""The MCP server beside `up`: a process of its own that ends with us."""

import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from syncd.adapters.embedded.child import Child, Command, start_child
from syncd.errors import Unreachable
from syncd.settings import Settings, require_setting

START_SECONDS = 30.0
STOP_SECONDS = 10.0
CALL_SECONDS = 2.0


@asynccontextmanager
async def open_mcp_server(listening: socket.socket, settings: Settings, *, log: Path) -> AsyncIterator[Child]:
    """Start `python -m mcp_server http` on the socket we hold, and yield it when it answers. Raises `Unreachable` if it does not."""
    descriptor = listening.fileno()
    child = await start_child(
        Command(
            program=Path(sys.executable),
            arguments=("-m", "mcp_server", "http", "--listen-fd", str(descriptor)),
            account=None,
            death_signal=signal.SIGTERM,
            descriptors=(descriptor,),
            environment=_make_environment(settings),
        ),
        log=log,
    )
    try:
        host, port = listening.getsockname()[:2]
        if not await _answers(child, f"http://{f'[{host}]' if ':' in host else host}:{port}/livez"):
            raise Unreachable(
                "mcp_server_failed",
                f"The MCP server did not start: {child.last_words() or 'it said nothing'}",
                hint=f"Its log is {log}.",
            )
        yield child
    finally:
        await child.stop((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS))


async def _answers(child: Child, url: str) -> bool:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)) as session:

        async def is_alive() -> bool:
            try:
                async with session.get(url) as answer:
                    return answer.status == 200
            except (aiohttp.ClientError, TimeoutError):
                return False

        return await child.wait_until(is_alive, seconds=START_SECONDS)


def _make_environment(settings: Settings) -> dict[str, str]:
    """Return what the MCP server needs, and nothing that only the daemon may have."""
    return {
        "SYNCD_READ_DATABASE_URL": require_setting(settings.read_database_url, "SYNCD_READ_DATABASE_URL"),
        "SYNCD_REDIS_URL": require_setting(settings.redis_url, "SYNCD_REDIS_URL"),
        "SYNCD_DATA_DIR": str(settings.data_dir),
        "SYNCD_MCP_ALLOWED_HOSTS": ",".join(settings.mcp_allowed_hosts),
        "SYNCD_MCP_ALLOWED_ORIGINS": ",".join(settings.mcp_allowed_origins),
        "SYNCD_ENV": settings.env,
        "SYNCD_LOG": settings.log,
    }
