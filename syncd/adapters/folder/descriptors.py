"""Open what a folder holds without leaving it: by descriptors, never through a symbolic link, never blocking."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncd.errors import Stalled

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Opening a FIFO for reading waits for a writer unless it is told not to.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@contextmanager
def open_root(folder: Path) -> Iterator[int]:
    """Open the folder a person named (its own links are followed); Stalled where it is no folder or may not be read."""
    try:
        root = os.open(folder, _DIRECTORY & ~os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Stalled(
            "folder_missing",
            f"The folder {str(folder)!r} does not exist or is not a folder.",
            hint="Bring it back, or remove the project; its documents stay as they are until then.",
        ) from error
    except PermissionError as error:
        raise make_unreadable_error(str(folder)) from error
    try:
        yield root
    finally:
        os.close(root)


@contextmanager
def open_directory(root: int, path: str) -> Iterator[int]:
    """Open the directory at *path* below the descriptor *root*, segment by segment; OSError where a segment is no directory."""
    current = os.open(".", _DIRECTORY, dir_fd=root)
    try:
        for segment in path.split("/") if path else ():
            following = os.open(segment, _DIRECTORY, dir_fd=current)
            os.close(current)
            current = following
        yield current
    finally:
        os.close(current)


def read_file(directory: int, name: str, *, max_bytes: int) -> tuple[os.stat_result, bytes] | None:
    """Return the state before reading and at most *max_bytes* + 1 bytes of a regular file; none where it is something else."""
    descriptor = os.open(name, _FILE, dir_fd=directory)
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor, not a path
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            return None
        parts = []
        wanted = max_bytes + 1
        while wanted and (part := file.read(wanted)):
            parts.append(part)
            wanted -= len(part)
        return state, b"".join(parts)


def make_unreadable_error(path: str) -> Stalled:
    """Return the error for a directory that may not be read: without it no listing is complete, so nothing may be deleted."""
    return Stalled(
        "folder_unreadable",
        f"The directory {path!r} may not be read.",
        hint="Let the user of the daemon read it, or leave it out by .gitignore or an exclude glob.",
    )
