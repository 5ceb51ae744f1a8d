"""Scan a folder once: which docs it has, their blob SHAs, and the tree they make."""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha1
from pathlib import Path

from syncd.adapters.folder.descriptors import make_unreadable_error, open_directory, open_root, read_file
from syncd.adapters.folder.hash_cache import HashCache
from syncd.adapters.folder.ignoring import read_rules_above
from syncd.adapters.folder.walking import FoundDirectory, UnreadableDirectory, WalkLimits, is_gone, walk_directories
from syncd.adapters.folder.work_tree import CheckedOut, find_checked_out, find_work_tree, list_tracked_ignored
from syncd.core.hashing import git_blob_sha, git_tree_sha
from syncd.core.sources import EntryKind, TreeEntry
from syncd.errors import RetryLater, Stalled

# Git's name for no object: stands for the content of what is not read.
_NO_OBJECT = "0" * 40
_OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Folder:
    """What to mirror of a local directory. *docs_path* none: `docs` where it exists, else the root."""

    path: Path
    matches: Callable[[str], bool]
    max_bytes: int
    docs_path: str | None = None
    excluded: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """One state of a folder. *checked_out* is none where the docs are not exactly those of a commit."""

    docs_path: str
    tree_sha: str
    entries: tuple[TreeEntry, ...]
    checked_out: CheckedOut | None
    read_bytes: int


@dataclass(slots=True)
class _Tally:
    """What one walk gathers."""

    entries: list[TreeEntry] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    directories: dict[str, os.stat_result] = field(default_factory=dict)
    read_bytes: int = 0


def scan_folder(folder: Folder, cache: HashCache) -> Scan:
    """Return one consistent state of *folder*; blocks. Stalled where it is missing, RetryLater while it will not hold still."""
    try:
        with open_root(folder.path) as root:
            return _scan_until_settled(replace(folder, path=folder.path.resolve()), root, cache)
    except OSError as error:
        raise RetryLater(
            "folder_failed",
            f"The folder {str(folder.path)!r} could not be read through: {error.strerror}.",
            hint="It is tried again; check the disk and the limit on open files if it stays so.",
        ) from error


def list_excluded(paths: Sequence[Path]) -> frozenset[tuple[int, int]]:
    """Return device and inode of each of *paths* that exists."""
    identities = set()
    for path in paths:
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        identities.add((state.st_dev, state.st_ino))
    return frozenset(identities)


def _scan_until_settled(folder: Folder, root: int, cache: HashCache) -> Scan:
    """A file that moves between two directories while they are walked can be missed in both: look until nothing moved."""
    docs_path = _find_docs_path(folder, root)
    work_tree = find_work_tree(folder.path)
    limits = WalkLimits(
        _find_excluded(folder, root),
        list_tracked_ignored(folder.path) if work_tree else frozenset(),
        work_tree is not None,
    )
    tree_sha = ""
    read_bytes = 0
    for _ in range(_ATTEMPTS):
        rules = read_rules_above(root, docs_path, folder=folder.path, work_tree=work_tree)
        tally = _Tally()
        for found in walk_directories(root, docs_path, rules=rules, limits=limits):
            _add_directory(tally, found, folder=folder, tracked=limits.tracked, cache=cache)
        cache.forget_unseen()
        read_bytes += tally.read_bytes
        before, tree_sha = tree_sha, _make_tree_sha(tally, docs_path)
        if tree_sha == before or _is_settled(root, tally):
            entries = tuple(sorted(tally.entries, key=lambda entry: entry.path))
            checked_out = find_checked_out(folder.path, docs_path) if work_tree else None
            return Scan(docs_path, tree_sha, entries, _verify(checked_out, entries, folder.max_bytes), read_bytes)
    raise RetryLater(
        "folder_changing",
        f"The folder {str(folder.path)!r} changed each of the {_ATTEMPTS} times it was read.",
        hint="It is read again when it is quiet.",
        after_seconds=1,
    )


def _find_docs_path(folder: Folder, root: int) -> str:
    wanted = folder.docs_path
    if wanted == "":
        return ""
    try:
        with open_directory(root, "docs" if wanted is None else wanted):
            return "docs" if wanted is None else wanted
    except OSError as error:
        if not is_gone(error):
            raise make_unreadable_error(wanted or "docs") from error
        if wanted is None:
            return ""
        raise Stalled(
            "docs_path_missing",
            f"The folder {str(folder.path)!r} has no directory {wanted!r}.",
            hint="Name another docs path, or bring the directory back; a symbolic link does not count.",
        ) from error


def _find_excluded(folder: Folder, root: int) -> frozenset[tuple[int, int]]:
    excluded = list_excluded(folder.excluded)
    for inside in (folder.path, *folder.path.parents):
        if list_excluded([inside]) & excluded:
            raise Stalled(
                "folder_is_excluded",
                f"The folder {str(folder.path)!r} lies in the data directory of the daemon.",
                hint="Mirror another folder, or move the data directory.",
            )
    return excluded


def _add_directory(
    tally: _Tally,
    found: FoundDirectory | UnreadableDirectory,
    *,
    folder: Folder,
    tracked: frozenset[str],
    cache: HashCache,
) -> None:
    if isinstance(found, UnreadableDirectory):
        # Absence deletes only where the listing is complete: could this directory hold a document?
        if folder.matches(f"{found.path}/page.md"):
            raise make_unreadable_error(found.path)
        return
    if found.nested:
        _add_entry(tally, TreeEntry(found.path, EntryKind.SUBMODULE, _NO_OBJECT, None), "160000")
        return
    tally.directories[found.path] = found.state
    for name, state in found.files.items():
        path = found.join(name)
        if folder.matches(path) and (
            path in tracked or not (found.ignored or found.rules.ignores(path, is_directory=False))
        ):
            _add_file(tally, found, name, state, max_bytes=folder.max_bytes, cache=cache)


def _add_file(
    tally: _Tally, found: FoundDirectory, name: str, state: os.stat_result, *, max_bytes: int, cache: HashCache
) -> None:
    path = found.join(name)
    try:
        if stat.S_ISLNK(state.st_mode):
            target = os.fsencode(os.readlink(name, dir_fd=found.descriptor))
            _add_entry(tally, TreeEntry(path, EntryKind.SYMLINK, git_blob_sha(target), len(target)), "120000")
        elif stat.S_ISREG(state.st_mode):
            # Git keeps one permission: whether the owner may execute.
            mode = "100755" if state.st_mode & stat.S_IXUSR else "100644"
            entry = _make_file_entry(tally, found, name, state, max_bytes=max_bytes, cache=cache)
            if entry is not None:
                _add_entry(tally, entry, mode)
    except OSError as error:
        if error.errno in _OUT_OF_DESCRIPTORS:
            raise
        if not is_gone(error):
            _add_entry(tally, TreeEntry(path, EntryKind.UNREADABLE, _NO_OBJECT, state.st_size), "100644")


def _make_file_entry(
    tally: _Tally, found: FoundDirectory, name: str, state: os.stat_result, *, max_bytes: int, cache: HashCache
) -> TreeEntry | None:
    path = found.join(name)
    if state.st_size > max_bytes:
        return TreeEntry(path, EntryKind.FILE, _make_unread_sha(state.st_size), state.st_size)
    known = cache.find(state)
    if known is not None:
        return TreeEntry(path, EntryKind.FILE, known, state.st_size)
    opened = read_file(found.descriptor, name, max_bytes=max_bytes)
    if opened is None:
        return None
    state, content = opened
    tally.read_bytes += len(content)
    if len(content) > max_bytes:
        return TreeEntry(path, EntryKind.FILE, _make_unread_sha(state.st_size), max(state.st_size, len(content)))
    git_sha = git_blob_sha(content)
    if len(content) == state.st_size:
        cache.put(state, git_sha)
    return TreeEntry(path, EntryKind.FILE, git_sha, len(content))


def _make_unread_sha(size: int) -> str:
    """Name a file by its size alone, as no git object is named: a larger size is seen, and the file is never read."""
    return sha1(b"unread %d" % size, usedforsecurity=False).hexdigest()


def _add_entry(tally: _Tally, entry: TreeEntry, mode: str) -> None:
    tally.entries.append(entry)
    tally.modes.append(mode)


def _make_tree_sha(tally: _Tally, docs_path: str) -> str:
    cut = len(docs_path) + 1 if docs_path else 0
    return git_tree_sha(
        (entry.path[cut:], mode, entry.git_sha) for entry, mode in zip(tally.entries, tally.modes, strict=True)
    )


def _is_settled(root: int, tally: _Tally) -> bool:
    """Return whether every directory still is what it was when it was listed."""
    for path, before in tally.directories.items():
        try:
            with open_directory(root, path) as descriptor:
                now = os.fstat(descriptor)
        except OSError:
            return False
        if (now.st_ino, now.st_mtime_ns, now.st_ctime_ns) != (before.st_ino, before.st_mtime_ns, before.st_ctime_ns):
            return False
    return True


def _verify(checked_out: CheckedOut | None, entries: Sequence[TreeEntry], max_bytes: int) -> CheckedOut | None:
    """Return the commit only where each of the docs is one of its files, byte for byte as far as they are read."""
    if checked_out is None:
        return None
    for entry in entries:
        committed = checked_out.files.get(entry.path)
        is_read = entry.kind is EntryKind.SYMLINK or (
            entry.kind is EntryKind.FILE and entry.size is not None and entry.size <= max_bytes
        )
        if committed is None or (is_read and committed != entry.git_sha):
            return None
    return checked_out
