"""Tells the service manager how this process stands: sd_notify(3), one datagram a state.

Without NOTIFY_SOCKET nobody listens, and every call does nothing.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

log = logging.getLogger("syncd.systemd")

STATUS_MAX_CHARACTERS = 200
MICROSECONDS = 1_000_000
WATCHDOG_SHARE = 3  # ping three times in the interval that the service manager grants


class Notifier:
    """A socket to the service manager, or none. *watchdog_seconds* is how long it waits for a `ping`; none: it does not."""

    def __init__(self, channel: socket.socket | None, address: str, *, watchdog_seconds: float | None) -> None:
        self._channel = channel
        self._address = address
        self.watchdog_seconds = watchdog_seconds

    def ready(self, status: str = "") -> None:
        """Say that the service has started."""
        self._send("READY=1", status)

    def stopping(self, status: str = "") -> None:
        """Say that the service has begun to end."""
        self._send("STOPPING=1", status)

    def ping(self) -> None:
        """Say that the process is alive; without it for *watchdog_seconds* the manager restarts the service."""
        self._send("WATCHDOG=1")

    def say(self, status: str) -> None:
        """Show one sentence in `systemctl status`."""
        self._send(status=status)

    def _send(self, state: str = "", status: str = "") -> None:
        if self._channel is None:
            return
        # A line end would begin another assignment.
        line = " ".join(status.split())[:STATUS_MAX_CHARACTERS]
        lines = [state] if state else []
        message = "\n".join([*lines, f"STATUS={line}"] if line else lines)
        try:
            self._channel.sendto(message.encode(), self._address)
        except OSError as error:
            # The work goes on without its manager; a manager that misses a ping acts by itself.
            log.warning("service manager not reached", extra={"error": type(error).__name__, "state": state})


@contextmanager
def open_notifier(environment: Mapping[str, str] = os.environ) -> Iterator[Notifier]:
    """Open the way to the service manager that NOTIFY_SOCKET names."""
    address = find_notify_address(environment)
    if address is None:
        yield Notifier(None, "", watchdog_seconds=None)
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.setblocking(False)  # a manager that does not read must not hold up the loop
        yield Notifier(channel, address, watchdog_seconds=find_watchdog_seconds(environment, os.getpid()))


@asynccontextmanager
async def feeding_watchdog(notifier: Notifier) -> AsyncIterator[None]:
    """Ping for as long as the body runs, from the event loop itself: one that hangs does not ping, and the manager restarts the service."""
    feeding = asyncio.create_task(_feed(notifier))
    try:
        yield
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])


async def _feed(notifier: Notifier) -> None:
    while notifier.watchdog_seconds is not None:
        notifier.ping()
        await asyncio.sleep(notifier.watchdog_seconds / WATCHDOG_SHARE)


def find_notify_address(environment: Mapping[str, str]) -> str | None:
    """Return the address of the manager's socket: a path, or a name in the abstract space, which is written with @ for NUL."""
    address = environment.get("NOTIFY_SOCKET", "")
    if address.startswith("@"):
        return "\0" + address[1:]
    # sd_notify(3) also knows vsock addresses, of managers outside a virtual machine.
    return address if address.startswith("/") else None


def find_watchdog_seconds(environment: Mapping[str, str], pid: int) -> float | None:
    """Return the interval of sd_watchdog_enabled(3); none when it is off or meant for another process than *pid*."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid) or not microseconds.isdecimal():
        return None
    return int(microseconds) / MICROSECONDS or None
