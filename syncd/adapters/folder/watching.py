"""Say when a folder may have changed: a hint, never what changed; the poll heals a lost one.

Each directory is watched by itself, and only those that a scan enters: a recursive watch would follow symbolic links out
of the folder and spend the system's limit of watches on `node_modules`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from syncd.adapters.folder.ground import Ground, find_identity, survey_ground

_DEBOUNCE_MS = 400
_QUIET_MS = 50
# A folder that is moved away or replaced sends no event of its own: look this often whether it is still the same.
_LOOK_MS = 1000
_POLL_MS = 1000


async def watch_folder(
    path: Path, *, excluded: Sequence[Path], stop: asyncio.Event, force_polling: bool = False
) -> AsyncIterator[None]:
    """Yield once when the watch stands, then once for each burst of changes that may concern docs, until *stop* is set.

    A commit or a checkout counts; changes in ignored files, in ignored directories and in *excluded* ones do not. A folder
    that is removed yields, is waited for, and yields when it is back. *force_polling* is for file systems without events;
    where the system's limit of watches is spent, polling is the fallback.
    """
    watch = _Watch(path, excluded=excluded, stop=stop, force_polling=force_polling)
    # A thread of its own, because it blocks for as long as the folder is watched.
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watch-folder")
    try:
        while not stop.is_set():
            if await asyncio.get_running_loop().run_in_executor(thread, watch.wait_for_burst):
                yield
    finally:
        watch.closing.set()
        thread.submit(watch.close)
        thread.shutdown(wait=False)


def open_notifier(directories: Sequence[str], *, force_polling: bool) -> RustNotify:
    """Return a notifier that stands on each of *directories*, by events or, where the system has none left, by polling."""
    if not force_polling:
        try:
            return RustNotify(list(directories), False, False, _POLL_MS, False, True)
        except FileNotFoundError:
            raise
        except (OSError, WatchfilesRustInternalError):
            # The limits of inotify: fs.inotify.max_user_watches and max_user_instances, and the process's descriptors.
            return open_notifier(directories, force_polling=True)
    return RustNotify(list(directories), False, True, _POLL_MS, False, True)


class _Watch:
    """The watch on one folder, used by one thread. It stands while it has a notifier."""

    def __init__(self, path: Path, *, excluded: Sequence[Path], stop: asyncio.Event, force_polling: bool) -> None:
        self._path = path.absolute()
        self._excluded = excluded
        self._stop = stop
        self._force_polling = force_polling
        self._ground: Ground | None = None
        self._notifier: RustNotify | None = None
        self.closing = Event()

    def is_set(self) -> bool:
        """Whether to stop waiting; the name is the one that the notifier asks by."""
        return self._stop.is_set() or self.closing.is_set()

    def wait_for_burst(self) -> bool:
        """Return whether there is something to say; blocks for about a second at most."""
        if self._notifier is None or self._ground is None:
            return self._stand() or self._pause()
        try:
            seen = self._notifier.watch(_DEBOUNCE_MS, _QUIET_MS, _LOOK_MS, self)
        except WatchfilesRustInternalError:
            # A name that is not UTF-8 cannot be told, and ends the notifier.
            self.close()
            return True
        if find_identity(self._path) != self._ground.identity:
            self.close()
            return True
        if isinstance(seen, str) or not any(self._ground.concerns(path) for _, path in seen):
            return False
        # A directory that was removed and made again lost its watch, and may even have its old inode.
        self._stand(anew=any(path in self._ground.directories for _, path in seen))
        return True

    def close(self) -> None:
        """Take the watch down."""
        if self._notifier is not None:
            self._notifier.close()
        self._notifier = None

    def _stand(self, *, anew: bool = False) -> bool:
        """Stand on the directories there are now, *anew* or where they are others; return whether the watch stands."""
        ground = survey_ground(self._path, self._excluded)
        if ground is None:
            self.close()
            return False
        if anew or self._notifier is None or self._ground is None or ground.watched != self._ground.watched:
            self.close()
            try:
                self._notifier = open_notifier(ground.watched, force_polling=self._force_polling)
            except FileNotFoundError:
                # A directory went away since the survey: the next one does without it.
                return False
        self._ground = ground
        return True

    def _pause(self) -> bool:
        for _ in range(_LOOK_MS // _QUIET_MS):
            if self.is_set() or self.closing.wait(_QUIET_MS / 1000):
                break
        return False
