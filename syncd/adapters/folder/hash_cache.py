"""Remember the blob SHA of a file while its inode says that it is the same, so that an unchanged scan reads nothing."""

import os
import time
from collections.abc import Callable

# As in git's index: a file written this shortly before it was read may be written again without a new time stamp.
_RACY_NS = 2_000_000_000

_Key = tuple[int, int, int, int, int]


class HashCache:
    """Blob SHAs by the identity of a file's content on disk. For one thread at a time."""

    def __init__(self, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._clock_ns = clock_ns
        self._known: dict[_Key, str] = {}
        self._seen: dict[_Key, str] = {}

    def find(self, state: os.stat_result) -> str | None:
        """Return the SHA of the file in *state*, or none when it has to be read."""
        key = _make_key(state)
        git_sha = self._known.get(key)
        if git_sha is not None:
            self._seen[key] = git_sha
        return git_sha

    def put(self, state: os.stat_result, git_sha: str) -> None:
        """Remember *git_sha* for the *state* taken before reading, unless the file is too young to be told apart."""
        if max(state.st_mtime_ns, state.st_ctime_ns) < self._clock_ns() - _RACY_NS:
            self._seen[_make_key(state)] = git_sha

    def forget_unseen(self) -> None:
        """Keep only what was found or put since the last call: the files of one whole scan."""
        self._known, self._seen = self._seen, {}


def _make_key(state: os.stat_result) -> _Key:
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
