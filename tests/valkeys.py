"""Bare servers of Redis for what the one that all tests share must not suffer: another policy, a replica, a full memory, a wrong clock."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from syncd.adapters.embedded.binaries import find_redis

SECONDS = 5


@asynccontextmanager
async def running_valkey(
    *options: str, port: int = 0, environment: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    """Run a server with *options*, which keeps nothing, and yield its URL: a socket, whatever else it listens at."""
    program = (await find_redis(None)).program
    # A socket's path is at most 107 bytes long: not below the directory of a test.
    with TemporaryDirectory() as directory:
        address = Path(directory) / "redis.sock"
        where = ("--port", str(port), "--bind", "127.0.0.1", "--unixsocket", str(address), "--dir", directory)
        server = await asyncio.create_subprocess_exec(
            *(str(program), *where, "--save", "", *options),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **(environment or {})},
        )
        try:
            await _wait_until_ready(server)
            yield f"unix://{address}"
        finally:
            server.kill()
            await server.communicate()


async def _wait_until_ready(server: asyncio.subprocess.Process) -> None:
    assert server.stdout is not None
    said = b""
    async with asyncio.timeout(SECONDS):
        while b"Ready to accept" not in said:
            said = await server.stdout.readline()
            assert said, "the server has ended"
