"""Walk the directories of a folder that can hold docs."""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass

from syncd.adapters.folder.descriptors import open_directory
from syncd.adapters.folder.ignore_rules import IgnoreRules
from syncd.adapters.folder.ignoring import (
    IGNORE_FILE,
    IGNORED_DIRECTORIES,
    VIRTUAL_ENVIRONMENT_MARK,
    read_ignore_file,
)

# What a path can turn into between being listed and being opened: gone, a link, a file, a socket.
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})


@dataclass(frozen=True, slots=True)
class FoundDirectory:
    """One directory, open while it is the current one of the walk.

    *files* holds the state of every entry that is no directory, by name; *rules* are the ignore rules inside. An *ignored*
    one is entered for its tracked files only; a *nested* repository is not entered.
    """

    path: str
    descriptor: int
    state: os.stat_result
    files: dict[str, os.stat_result]
    rules: IgnoreRules
    ignored: bool
    nested: bool

    def join(self, name: str) -> str:
        """Return the path of *name* in this directory, relative to the folder."""
        return f"{self.path}/{name}" if self.path else name


@dataclass(frozen=True, slots=True)
class UnreadableDirectory:
    """A directory that could not be listed."""

    path: str


@dataclass(frozen=True, slots=True)
class WalkLimits:
    """Where a walk does not go: *excluded* directories by (device, inode), and ignored ones without *tracked* files.

    *in_work_tree* says that a directory with a repository of its own is a submodule, and not entered.
    """

    excluded: frozenset[tuple[int, int]] = frozenset()
    tracked: frozenset[str] = frozenset()
    in_work_tree: bool = False


@dataclass(frozen=True, slots=True)
class _Listing:
    state: os.stat_result
    files: dict[str, os.stat_result]
    directories: list[str]
    has_repository: bool


def walk_directories(
    root: int, start: str, *, rules: IgnoreRules, limits: WalkLimits
) -> Iterator[FoundDirectory | UnreadableDirectory]:
    """Yield *start* (relative to the descriptor *root*) and every wanted directory below it, in no order."""
    holds_tracked = {path[:end] for path in limits.tracked for end, letter in enumerate(path) if letter == "/"}
    waiting = [(start, rules, False)]
    while waiting:
        path, outer, ignored = waiting.pop()
        try:
            with open_directory(root, path) as descriptor:
                listing = _list_directory(descriptor)
                if _is_left_out(listing, limits):
                    continue
                nested = listing.has_repository and limits.in_work_tree and path != start
                inner = outer.within(path, read_ignore_file(descriptor)) if IGNORE_FILE in listing.files else outer
                found = FoundDirectory(path, descriptor, listing.state, listing.files, inner, ignored, nested)
                yield found
        except PermissionError:
            yield UnreadableDirectory(path)
            continue
        except OSError as error:
            if not is_gone(error):
                raise
            continue
        for child in [] if nested else map(found.join, listing.directories):
            child_ignored = ignored or inner.ignores(child, is_directory=True)
            if not child_ignored or child in holds_tracked:
                waiting.append((child, inner, child_ignored))


def is_gone(error: OSError) -> bool:
    """Return whether *error* means that what was listed is no longer what it was."""
    return error.errno in _GONE


def _is_left_out(listing: _Listing, limits: WalkLimits) -> bool:
    return (listing.state.st_dev, listing.state.st_ino) in limits.excluded or VIRTUAL_ENVIRONMENT_MARK in listing.files


def _list_directory(descriptor: int) -> _Listing:
    state = os.fstat(descriptor)
    files: dict[str, os.stat_result] = {}
    directories: list[str] = []
    has_repository = False
    with os.scandir(descriptor) as entries:
        for entry in entries:
            has_repository = has_repository or entry.name == ".git"
            if entry.is_dir(follow_symlinks=False):
                directories += [] if entry.name in IGNORED_DIRECTORIES else [entry.name]
            elif (state_of_entry := _find_state(entry)) is not None:
                files[entry.name] = state_of_entry
    return _Listing(state, files, directories, has_repository)


def _find_state(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
