"""`syncd run`: the daemon alone, with the servers and logins that the settings name."""

import argparse
import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from syncd.adapters.logs import configure_logging
from syncd.adapters.systemd import open_notifier
from syncd.bootstrap import Grounds, open_parts
from syncd.cli.desk import load_command_settings
from syncd.daemon import run_daemon
from syncd.services.sources import FolderAccess
from syncd.web.server import open_site


async def run_command(arguments: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C, then drain."""
    settings, _ = load_command_settings(arguments)
    configure_logging(settings.log)
    grounds = Grounds(FolderAccess(roots=settings.folder_roots, excluded=(settings.data_dir,)))
    stop = asyncio.Event()
    with stopping_by_signal(stop), open_notifier() as notifier:
        async with open_parts(settings, grounds) as parts, open_site(parts, settings.http_address):
            await run_daemon(parts, stop=stop, notifier=notifier)
    return 0


@contextmanager
def stopping_by_signal(stop: asyncio.Event) -> Iterator[None]:
    """Set *stop* at SIGTERM or SIGINT; a second one ends the program at once."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def ask_to_stop() -> None:
        stop.set()
        for number in before:
            loop.remove_signal_handler(number)
            # Not Python's own handler: its exception would wait for threads that wait for the network.
            signal.signal(number, signal.SIG_DFL)

    for number in before:
        loop.add_signal_handler(number, ask_to_stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
