"""A server as a child: it ends when we end, its words go to a log, and nothing waits for it without a deadline.

The parent-death signal of Linux fires when the *thread* that made the child ends, so children are started from the main thread.
"""

import asyncio
import os
import signal
import stat
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from syncd.adapters.embedded import launch
from syncd.adapters.embedded.account import Account

LOG_MAX_BYTES = 8 * 1024 * 1024
TAIL_MAX_BYTES = 4096
TAIL_LINES = 12
POLL_SECONDS = (0.004, 0.008, 0.016, 0.032)


@dataclass(frozen=True, slots=True)
class Command:
    """What to execute, under which account, and by which signal it ends when we die. *environment* is added to the small one."""

    program: Path
    arguments: Sequence[str]
    account: Account | None
    death_signal: signal.Signals
    descriptors: Sequence[int] = ()
    standard_input: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


class Child:
    """A program that we started."""

    def __init__(self, running: asyncio.subprocess.Process, *, log: Path, log_start: int) -> None:
        self._running = running
        self.log = log
        self._log_start = log_start

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal, or none while it runs."""
        return self._running.returncode

    async def wait(self) -> int:
        """Return the exit code when the program has ended; waits for ever."""
        return await self._running.wait()

    async def wait_until(self, is_ready: Callable[[], Awaitable[bool]], *, seconds: float) -> bool:
        """Return whether *is_ready* became true, before the program ended and before *seconds* were over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                turn = 0
                while self.exit_code is None:
                    if await is_ready():
                        return True
                    await asyncio.sleep(POLL_SECONDS[min(turn, len(POLL_SECONDS) - 1)])
                    turn += 1
        return False

    async def stop(self, *steps: tuple[signal.Signals, float]) -> None:
        """Send each signal in turn and give it its seconds, until the program has ended."""
        for number, seconds in steps:
            if self.exit_code is not None:
                return
            with suppress(ProcessLookupError):
                self._running.send_signal(number)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._running.wait()

    def last_words(self) -> str:
        """Return the last lines that this start wrote to the log."""
        with self.log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, end - TAIL_MAX_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])


async def start_child(command: Command, *, log: Path) -> Child:
    """Start *command* with a small environment, in a session of its own, and its output appended to *log* (0600)."""
    if threading.current_thread() is not threading.main_thread():
        message = "an embedded server is started from the main thread: its life is tied to the thread that starts it"
        raise RuntimeError(message)
    output = _open_log(log)
    try:
        log_start = os.fstat(output).st_size
        running = await asyncio.create_subprocess_exec(
            *make_launch(command),
            stdin=asyncio.subprocess.PIPE if command.standard_input else asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=make_environment() | dict(command.environment),
            pass_fds=tuple(command.descriptors),
            start_new_session=True,  # Ctrl-C in the terminal is for us; we then end the servers in order
        )
    finally:
        os.close(output)
    child = Child(running, log=log, log_start=log_start)
    if running.stdin is not None:
        running.stdin.write(command.standard_input)
        with suppress(BrokenPipeError, ConnectionResetError):  # it ended at once: the exit code and the log say why
            await running.stdin.drain()
        running.stdin.close()
    return child


async def run_child(command: Command, *, log: Path, seconds: float) -> Child:
    """Run *command* to its end, which comes after *seconds* at the latest; its exit code says how it went."""
    child = await start_child(command, log=log)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await child.wait()
    finally:
        await child.stop((signal.SIGKILL, 5.0))
    return child


def make_environment() -> dict[str, str]:
    """Return the environment of a child. The whole of ours would hand over secrets, and PG* variables that mislead."""
    fixed = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}  # some interpreters need it
    return fixed | kept


def make_launch(command: Command) -> list[str]:
    """Return the arguments that execute *command* by way of `launch.py`."""
    account = command.account
    return [
        sys.executable, "-I", "-S", launch.__file__,
        str(os.getpid()), str(int(command.death_signal)), f"{account.uid}:{account.gid}" if account else "-",
        str(command.program), *command.arguments,
    ]  # fmt: skip


def _open_log(log: Path) -> int:
    """Open *log* to append; one that has grown too large is put aside first, and the one put aside before is lost."""
    with suppress(FileNotFoundError):
        found = log.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_size > LOG_MAX_BYTES:
            log.replace(log.with_suffix(".log.1"))
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
