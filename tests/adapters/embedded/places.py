"""What the tests of the embedded servers look at: who works in a directory, and who may read it."""

import stat
from pathlib import Path

import psutil


def list_running_in(directory: Path) -> list[psutil.Process]:
    """Return the programs whose working directory is *directory* or below: both servers stand in their own files."""
    found = []
    for running in psutil.process_iter():
        try:
            where = Path(running.cwd())
        except psutil.Error:
            continue
        if where.is_relative_to(directory):
            found.append(running)
    return found


def list_open_to_others(directory: Path) -> list[Path]:
    """Return the files and directories at and below *directory* that group or others may touch."""
    return [path for path in (directory, *directory.rglob("*")) if stat.S_IMODE(path.lstat().st_mode) & 0o077]
