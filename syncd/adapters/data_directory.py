"""The data directory of `syncd up`: one owner at a time, its secrets, and where its servers are while it runs.

Every file is 0600 in a directory of 0700, written beside and renamed, so that a kill leaves the old file or the new one.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from syncd.errors import BadUsage, Busy, Stalled


@dataclass(frozen=True, slots=True)
class Running:
    """Where the servers of a running `up` are. Its URLs hold passwords."""

    pid: int
    database_url: str
    sync_database_url: str
    web_database_url: str
    read_database_url: str
    redis_url: str
    master_keys: str
    status_url: str
    mcp_url: str

    def __repr__(self) -> str:
        return f"Running(pid={self.pid}, status_url={self.status_url!r})"


@contextmanager
def hold_data_directory(directory: Path) -> Iterator[None]:
    """Be the only `up` of *directory* until the end or death of this program.

    Raises `Busy` when another one is, `BadUsage` when the directory cannot be made or written.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BadUsage(
            "data_directory_unusable",
            f"The data directory {directory} cannot be used: {error.strerror}.",
            hint="Name another one with --data-dir (or SYNCD_DATA_DIR), or make it writable for this user.",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Busy(
            "already_running",
            f"Another `syncd up` runs on {directory}.",
            hint="Use the one that runs (syncd status), end it, or name another data directory with --data-dir.",
        ) from error
    else:
        yield
    finally:
        os.close(descriptor)


def load_secrets(directory: Path, fresh: Mapping[str, str]) -> Mapping[str, str]:
    """Return the secrets kept in *directory*; those of *fresh* that are not kept yet are kept from now on."""
    path = directory / "secrets.json"
    kept = _load(path) if path.exists() else {}
    secrets = {**fresh, **kept}
    if secrets != kept:
        _write(path, secrets)
    return secrets


@contextmanager
def announce_running(directory: Path, running: Running) -> Iterator[None]:
    """Let other commands on this machine find the servers for as long as the body runs."""
    path = directory / "running.json"
    _write(path, asdict(running))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find_running(directory: Path) -> Running | None:
    """Return where the servers of the `up` of *directory* are; none when none runs (also after a kill)."""
    try:
        with (directory / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        path = directory / "running.json"
        return Running(**_load(path)) if path.exists() else None
    except OSError:
        return None  # never used, or another user's
    return None


def _load(path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Stalled(
            "data_directory_damaged",
            f"{path} cannot be read.",
            hint="Restore it from a backup; without it the servers in this directory cannot be opened.",
        ) from error
    return loaded


def _write(path: Path, content: Mapping[str, object]) -> None:
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    Path(fresh).replace(path)
