"""A server that outlived its owner: found by its pid file, proved by its working directory, waited for, then ended."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from syncd.errors import Busy

GRACE_SECONDS = 3.0
END_SECONDS = 20.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Orphan:
    """A running program that may be the server of *directory*; *trace* is what its command line then shows."""

    pid: int
    directory: Path
    trace: str


async def end_orphan(
    pid_file: Path, *, directory: Path, trace: str, stop_signal: signal.Signals, grace_seconds: float = GRACE_SECONDS
) -> None:
    """Return when no server works in *directory* any more. The caller holds it, so none of them has an owner.

    The parent-death signal has told it to end already; after *grace_seconds* we tell it. Raises Busy when it does not end.
    A pid file that names a stranger is removed: Postgres takes any live process of its user for a server.
    """
    pid = _find_pid(pid_file)
    if pid is None:
        return
    orphan = Orphan(pid, directory, trace)
    if await _has_ended(orphan, seconds=grace_seconds):
        _remove_stale(pid_file, pid)
        return
    with suppress(ProcessLookupError):
        os.kill(pid, stop_signal)
    if not await _has_ended(orphan, seconds=END_SECONDS):
        raise Busy(
            "server_orphaned",
            f"A server with pid {pid} still works in {directory}, and does not end when told to.",
            hint=f"End it (kill -QUIT {pid}) and start again.",
        )


def _find_pid(pid_file: Path) -> int | None:
    try:
        first, *_ = pid_file.read_text("ascii").split()
        return int(first) if int(first) > 0 else None
    except (FileNotFoundError, ValueError):
        return None  # absent, empty or torn: its writer was killed while it started


def _remove_stale(pid_file: Path, pid: int) -> None:
    with suppress(ProcessLookupError):  # nobody has that pid: Postgres finds out by itself, and checks more
        with suppress(PermissionError):
            os.kill(pid, 0)
        pid_file.unlink(missing_ok=True)


async def _has_ended(orphan: Orphan, *, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            while await asyncio.to_thread(_works, orphan):  # noqa: ASYNC110 - not our child: nothing tells us
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        return False
    return True


def _works(orphan: Orphan) -> bool:
    """Return whether the pid is a server of the directory, and not a stranger that got a stale number."""
    if sys.platform != "linux":
        shown = subprocess.run(  # noqa: S603 - fixed program, a number as argument
            ["/bin/ps", "-o", "command=", "-p", str(orphan.pid)], capture_output=True, text=True, timeout=5, check=False
        )
        return orphan.trace in shown.stdout
    try:
        name = Path(f"/proc/{orphan.pid}/comm").read_text("utf-8")
        where = Path(f"/proc/{orphan.pid}/cwd").stat()
    except OSError:
        return False  # ended, or another user's: not one of ours
    home = orphan.directory.stat()
    is_server = name.startswith(("postgres", "valkey", "redis"))
    return is_server and (where.st_dev, where.st_ino) == (home.st_dev, home.st_ino)
