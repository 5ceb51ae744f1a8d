"""The MCP server beside `up`: a process of its own that ends with us."""

import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from syncd.adapters.embedded.child import Child, Command, start_child
from syncd.errors import Unreachable

START_SECONDS = 30.0
STOP_SECONDS = 10.0
CALL_SECONDS = 2.0


@asynccontextmanager
async def open_mcp_server(
    listening: socket.socket, environment: Mapping[str, str], *, log: Path
) -> AsyncIterator[Child]:
    """Start `python -m mcp_server http` on the socket we hold, and yield it when it answers. Raises `Unreachable` if it does not."""
    descriptor = listening.fileno()
    child = await start_child(
        Command(
            program=Path(sys.executable),
            arguments=("-m", "mcp_server", "http", "--listen-fd", str(descriptor)),
            account=None,
            death_signal=signal.SIGTERM,
            descriptors=(descriptor,),
            environment=environment,
        ),
        log=log,
    )
    try:
        host, port = listening.getsockname()[:2]
        if not await _answers(child, f"http://{f'[{host}]' if ':' in host else host}:{port}/livez"):
            raise Unreachable(
                "mcp_server_failed",
                f"The MCP server did not start: {_find_last_line(child.last_words())}.",
                hint=f"Its log is {log}.",
            )
        yield child
    finally:
        await child.stop((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS))


def _find_last_line(words: str) -> str:
    """Return the last line of *words* that is not a continuation: of a traceback, the error; of a refusal, its sentence."""
    lines = [line for line in words.splitlines() if line and not line.startswith(" ")]
    return lines[-1].rstrip(".") if lines else "it said nothing"


async def _answers(child: Child, url: str) -> bool:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)) as session:

        async def is_alive() -> bool:
            try:
                async with session.get(url) as answer:
                    return answer.status == 200
            except (aiohttp.ClientError, TimeoutError):
                return False

        return await child.wait_until(is_alive, seconds=START_SECONDS)
