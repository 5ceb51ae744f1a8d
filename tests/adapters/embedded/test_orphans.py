import asyncio
import os
import signal
from pathlib import Path

import pytest

from syncd.adapters.embedded.account import find_account
from syncd.adapters.embedded.binaries import find_redis
from syncd.adapters.embedded.orphans import end_orphan
from tests.adapters.embedded.places import list_running_in


async def start_orphan(directory: Path) -> asyncio.subprocess.Process:
    """Start a server that no parent-death signal ends, as on a system that has none."""
    binary = await find_redis(find_account(Path("none")))
    settings = f"port 0\nunixsocket {directory}/socket\npidfile {directory}/server.pid\ndir {directory}\n"
    running = await asyncio.create_subprocess_exec(
        binary.program, "-", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    assert running.stdin is not None
    running.stdin.write(settings.encode())
    running.stdin.close()
    async with asyncio.timeout(5):
        while not ((directory / "socket").exists() and (directory / "server.pid").exists()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return running


async def test_a_server_that_outlived_its_owner_is_told_to_end(home: Path) -> None:
    running = await start_orphan(home)
    assert [server.pid for server in list_running_in(home)] == [running.pid]
    await end_orphan(
        home / "server.pid", directory=home, trace=str(home), stop_signal=signal.SIGTERM, grace_seconds=0.05
    )
    async with asyncio.timeout(5):
        assert await running.wait() == 0


async def test_the_server_of_another_directory_is_left_alone_and_its_number_forgotten(home: Path) -> None:
    (home / "one").mkdir()
    (home / "two").mkdir()
    running = await start_orphan(home / "one")
    stale = home / "two/server.pid"
    stale.write_text(f"{running.pid}\n")
    await end_orphan(stale, directory=home / "two", trace=str(home / "two"), stop_signal=signal.SIGTERM)
    assert not stale.exists()
    assert running.returncode is None
    running.terminate()
    await running.wait()


@pytest.mark.parametrize("content", ["", "\n", "not a number\n", "-1\n", "0\n"])
async def test_a_torn_pid_file_names_nobody(home: Path, content: str) -> None:
    (home / "server.pid").write_text(content)
    await end_orphan(home / "server.pid", directory=home, trace="", stop_signal=signal.SIGTERM)
    await end_orphan(home / "absent.pid", directory=home, trace="", stop_signal=signal.SIGTERM)


async def test_we_ourselves_are_not_taken_for_a_server(home: Path) -> None:
    (home / "server.pid").write_text(f"{os.getpid()}\n")
    await end_orphan(home / "server.pid", directory=home, trace=str(home), stop_signal=signal.SIGTERM)
