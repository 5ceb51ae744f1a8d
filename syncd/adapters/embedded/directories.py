"""Private directories: ours alone (0700), held by one owner at a time, and handed to a child that cannot walk to them."""

import fcntl
import hashlib
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from syncd.adapters.embedded.account import Account
from syncd.errors import BadUsage, Busy

SOCKET_PATH_MAX_BYTES = 107 if sys.platform == "linux" else 103  # sun_path of unix(7), without its NUL
DESCRIPTORS = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True)
class Place:
    """A file or directory as a child sees it: by *path*, through *descriptor*, which the child must inherit."""

    descriptor: int
    path: str


def make_private_directory(path: Path, *, account: Account | None = None) -> None:
    """Make *path* a directory of mode 0700 that is ours, or *account*'s. Raises BadUsage when it cannot be."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    try:
        _make_private(path, descriptor, account)
    except PermissionError as error:
        raise _unusable(path, f"it cannot be given to {account.name if account else 'us'} alone") from error
    finally:
        os.close(descriptor)
    if not os.access(path, os.W_OK | os.X_OK):
        raise _unusable(path, "it is not writable")


def _make_private(path: Path, descriptor: int, account: Account | None) -> None:
    found = os.fstat(descriptor)
    if account is None and found.st_uid != os.geteuid():
        raise _unusable(path, f"it belongs to the user {found.st_uid}")
    if account is not None and found.st_uid != account.uid:
        os.fchown(descriptor, account.uid, account.gid)
    if stat.S_IMODE(found.st_mode) != 0o700:
        os.fchmod(descriptor, 0o700)


def _unusable(path: Path, reason: str) -> BadUsage:
    return BadUsage(
        "data_directory",
        f"The directory {path} cannot be used: {reason}.",
        hint="Name another one (--data-dir or SYNCD_DATA_DIR), or make it writable for the user that runs syncd.",
    )


@contextmanager
def open_socket_directory(wanted: Path, *, account: Account | None, server: str, socket: str) -> Iterator[Path]:
    """Yield a private directory for *socket* of *server*: below *wanted*, or a short one where that path will not do."""
    short = _short_directory(wanted)
    for base in (wanted.absolute(), short):
        directory = base / f"{server}-socket"
        # A comma separates hosts in a Postgres URL, and no escape for it is known to every driver.
        if len(os.fsencode(directory / socket)) <= SOCKET_PATH_MAX_BYTES and "," not in str(directory):
            break
    else:
        raise BadUsage(
            "socket_path",
            f"The path of the socket, {directory / socket}, has a comma, or is longer than {SOCKET_PATH_MAX_BYTES} bytes.",
            hint="Set XDG_RUNTIME_DIR or TMPDIR to a directory with a short and plain name.",
        )
    make_private_directory(base)
    make_private_directory(directory, account=account)
    try:
        yield directory
    finally:
        if base == short:
            with suppress(OSError):  # not empty: the other server is still there, or this one was killed
                directory.rmdir()
                base.rmdir()


def _short_directory(wanted: Path) -> Path:
    parent = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    digest = hashlib.sha256(os.fsencode(wanted.absolute())).hexdigest()[:12]
    return Path(parent) / f"syncd-{os.geteuid()}-{digest}"


@contextmanager
def open_place(path: Path, *, account: Account | None) -> Iterator[Place]:
    """Yield *path* for a child that runs under *account*; by descriptor, as its parents may be closed to the account."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        by_descriptor = account is not None and DESCRIPTORS.is_dir()
        yield Place(descriptor, str(DESCRIPTORS / str(descriptor)) if by_descriptor else str(path.absolute()))
    finally:
        os.close(descriptor)


@contextmanager
def hold_directory(directory: Path, *, server: str) -> Iterator[None]:
    """Be the only owner of *directory* until the end or death of this program. Raises Busy when another one is."""
    descriptor = os.open(directory / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Busy(
            "data_directory_held",
            f"The {server} of {directory} already runs under another syncd.",
            hint="Use the one that runs, end it first, or name another --data-dir.",
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)


def get_password(path: Path) -> str:
    """Return the password kept in *path* (mode 0600), made and put there durably the first time."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return _put_password(path)
    with os.fdopen(descriptor, encoding="ascii") as file:
        return file.read().strip()


def _put_password(path: Path) -> str:
    password = secrets.token_urlsafe(32)
    descriptor, fresh = tempfile.mkstemp(prefix=".password-", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(password)
        file.flush()
        os.fsync(descriptor)
    Path(fresh).replace(path)
    put_directory_on_disk(path.parent)
    return password


def put_directory_on_disk(directory: Path) -> None:
    """Make the names in *directory* survive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
