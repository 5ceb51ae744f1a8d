"""A directory that always shows one whole tree: a symbolic link to a tree beside it, replaced in one step.

A link, as git-sync makes it, and not an exchange of directories: rename(2) replaces it on every POSIX file system, and a reader
that has opened the old tree keeps it until the pull after the next. `DIR` leads to `.DIR.syncd/r42-…`, and nothing outside of
`.DIR.syncd` is ever written or removed but the link itself.
"""

import asyncio
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from syncd.core.hashing import content_hash
from syncd.core.paths import find_path_fault
from syncd.errors import Busy, Rejected, Stalled

FILE_MODE, DIRECTORY_MODE = 0o644, 0o755
_LOCK, _LINK = "lock", "link"
_NO_FILE = b""  # the hash of what is no regular file: no content has it


@dataclass(frozen=True, slots=True)
class PulledDirectory:
    """The link at *path*, and the directory of the *trees* it may lead to."""

    path: Path
    trees: Path


@asynccontextmanager
async def hold_directory(path: Path) -> AsyncIterator[PulledDirectory]:
    """Be the only pull of *path* until the end of the body.

    Raises `Rejected` where something stands that no pull made, or that cannot be written; `Busy` while another pull works there.
    """
    directory, lock = await asyncio.to_thread(_enter, path)
    try:
        yield directory
    finally:
        os.close(lock)


async def hash_files(directory: PulledDirectory) -> Mapping[str, bytes] | None:
    """Return the SHA-256 of each file that the directory shows, by path; none before the first pull."""
    return await asyncio.to_thread(_hash_files, directory)


async def open_tree(directory: PulledDirectory, *, revision: int) -> Path:
    """Return a new, empty tree that nobody sees yet; what an ended pull left is removed."""
    return await asyncio.to_thread(_open_tree, directory, revision)


async def add_files(tree: Path, files: Mapping[str, bytes]) -> None:
    """Write *files* by path into a new tree."""
    await asyncio.to_thread(_add_files, tree, files)


async def show_tree(directory: PulledDirectory, tree: Path) -> None:
    """Bring *tree* to the disk, then make it what the directory shows. The tree before it stays for those who read it."""
    await asyncio.to_thread(_show_tree, directory, tree)


def _enter(path: Path) -> tuple[PulledDirectory, int]:
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the link that we make
    with _explaining(whole):
        whole.parent.mkdir(parents=True, exist_ok=True)
        directory = PulledDirectory(whole, whole.parent / f".{whole.name}.syncd")
        _require_ours(directory)
        directory.trees.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
        _require_own_directory(directory.trees)
        return directory, _lock(directory)


def _require_ours(directory: PulledDirectory) -> None:
    """Raise `Rejected` unless the path is free, empty, or a link of ours."""
    path = directory.path
    if path.is_symlink():
        target = path.readlink()
        ours = target.parent == Path(directory.trees.name) and target.name.startswith("r")
    else:
        ours = not path.exists() or (path.is_dir() and bool(path.name) and not any(path.iterdir()))
    if not ours:
        raise Rejected(
            "directory_taken",
            f"{path} exists, and no pull made it.",
            hint="Name a directory that does not exist yet or is empty, or move this one away.",
        )


def _require_own_directory(trees: Path) -> None:
    """Raise `Rejected` if another user could put something else in our way, or did."""
    found = trees.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise Rejected(
            "directory_taken",
            f"{trees} is no directory that only this user may write.",
            hint="Pull as the user who pulled before, or move it away.",
        )


def _lock(directory: PulledDirectory) -> int:
    lock = os.open(directory.trees / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise Busy(
            "pull_running",
            f"Another pull writes {directory.path}.",
            hint="Wait until it is done, or name another directory.",
            after_seconds=5,
        ) from error
    return lock


def _find_shown(directory: PulledDirectory) -> Path | None:
    """Return the tree that the link leads to."""
    if not directory.path.is_symlink():
        return None
    tree = directory.trees / directory.path.readlink().name
    return tree if tree.is_dir() and not tree.is_symlink() else None


def _hash_files(directory: PulledDirectory) -> Mapping[str, bytes] | None:
    with _explaining(directory.path):
        tree = _find_shown(directory)
        return None if tree is None else dict(_list_hashes(tree, ""))


def _list_hashes(folder: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _list_hashes(folder / entry.name, f"{path}/")
            elif entry.is_file(follow_symlinks=False):
                yield path, content_hash((folder / entry.name).read_bytes())
            else:
                yield path, _NO_FILE


def _open_tree(directory: PulledDirectory, revision: int) -> Path:
    with _explaining(directory.path):
        _remove_others(directory, (_find_shown(directory),))
        return Path(tempfile.mkdtemp(prefix=f"r{revision}-", dir=directory.trees))


def _remove_others(directory: PulledDirectory, kept: Iterable[Path | None]) -> None:
    names = {_LOCK, *(tree.name for tree in kept if tree is not None)}
    for entry in list(directory.trees.iterdir()):
        if entry.name in names:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _add_files(tree: Path, files: Mapping[str, bytes]) -> None:
    with _explaining(tree):
        for path, content in files.items():
            _require_harmless(path)
            file = tree / path
            file.parent.mkdir(parents=True, exist_ok=True)
            # The tree is new and only ours; should a link stand there all the same, it is not followed.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(file, flags, 0o600), "wb") as opened:
                opened.write(content)


def _require_harmless(path: str) -> None:
    """No such path can be stored; one that is written all the same would leave the tree."""
    fault = find_path_fault(path)
    if fault is not None:
        raise Stalled(
            "bad_document_path",
            f"The store names a document {path!r}, which no document may be called ({fault}).",
            hint="Nothing was written. Something else than syncd wrote to the database: restore it from a backup.",
        )


def _show_tree(directory: PulledDirectory, tree: Path) -> None:
    with _explaining(directory.path):
        _finish_tree(tree)
        before = _find_shown(directory)
        link = directory.trees / _LINK
        link.symlink_to(Path(directory.trees.name) / tree.name)
        _sync(directory.trees, mode=DIRECTORY_MODE)
        if not directory.path.is_symlink() and directory.path.is_dir():
            directory.path.rmdir()  # only an empty one: anything else fails, and stays
        link.replace(directory.path)
        _sync(directory.path.parent.resolve())  # the user's own directory may be a link
        _remove_others(directory, (before, tree))


def _finish_tree(tree: Path) -> None:
    """Give everything its mode, whatever the umask, and bring it to the disk: files first, the tree last."""
    for folder, _, names in os.walk(tree, topdown=False):
        for name in names:
            _sync(Path(folder) / name, mode=FILE_MODE)
        _sync(Path(folder), mode=DIRECTORY_MODE)


def _sync(path: Path, *, mode: int | None = None) -> None:
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if mode is not None:
            os.fchmod(opened, mode)
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Rejected(
            "directory_unusable",
            f"{error.filename or path} cannot be written or read: {error.strerror}.",
            hint="Make room and make it writable for this user, or name another directory. What was shown before stays.",
        ) from error
