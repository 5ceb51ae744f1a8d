"""The directories of a folder in which a change may concern its docs."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from syncd.adapters.folder.descriptors import open_root
from syncd.adapters.folder.ignore_rules import IgnoreRules
from syncd.adapters.folder.ignoring import IGNORED_DIRECTORIES, read_rules_above
from syncd.adapters.folder.scanning import list_excluded
from syncd.adapters.folder.walking import FoundDirectory, WalkLimits, walk_directories
from syncd.adapters.folder.work_tree import find_work_tree, list_tracked_ignored
from syncd.errors import Stalled

# What a commit or a checkout writes in a git directory.
_HEAD_FILES = frozenset({"HEAD", "packed-refs"})


@dataclass(frozen=True, slots=True)
class Ground:
    """What to watch: the directories of *folder* with the rules inside, and those of git with the names that count there.

    An ignored directory has no rules, and counts for its *tracked* files only.
    """

    folder: str
    identity: tuple[int, int]
    directories: dict[str, IgnoreRules | None]
    git_directories: dict[str, frozenset[str] | None]
    excluded: frozenset[tuple[int, int]]
    tracked: frozenset[str]

    @property
    def watched(self) -> list[str]:
        """Every directory to watch, sorted; the notifier can only take names that are UTF-8."""
        return sorted(
            path
            for path in {*self.directories, *self.git_directories}
            if os.fsencode(path) == path.encode("utf-8", "replace")
        )

    def concerns(self, changed: str) -> bool:
        """Return whether a change at the absolute path *changed* may concern the docs."""
        parent, name = os.path.split(changed)
        if parent in self.git_directories:
            names = self.git_directories[parent]
            return name in names if names is not None else not name.endswith(".lock")
        if parent not in self.directories:
            return changed == self.folder
        path = changed[len(self.folder.rstrip("/")) + 1 :]
        state = _find_state(changed)
        if name in IGNORED_DIRECTORIES or (state and (state.st_dev, state.st_ino) in self.excluded):
            return False
        is_directory = changed in self.directories or (state is not None and stat.S_ISDIR(state.st_mode))
        rules = self.directories[parent]
        return path in self.tracked or (rules is not None and not rules.ignores(path, is_directory=is_directory))


def survey_ground(path: Path, excluded: Sequence[Path]) -> Ground | None:
    """Return what there is to watch at *path*, or none while it is missing or cannot be read (the scan says why)."""
    folder = path.resolve()
    work_tree = find_work_tree(folder)
    limits = WalkLimits(
        list_excluded(excluded), list_tracked_ignored(folder) if work_tree else frozenset(), work_tree is not None
    )
    try:
        with open_root(path) as root:
            state = os.fstat(root)
            rules = read_rules_above(root, "", folder=folder, work_tree=work_tree)
            found = [
                one for one in walk_directories(root, "", rules=rules, limits=limits) if isinstance(one, FoundDirectory)
            ]
    except (Stalled, OSError):
        return None
    return Ground(
        str(folder),
        (state.st_dev, state.st_ino),
        {str(folder / one.path): None if one.ignored else one.rules for one in found if not one.nested},
        _find_git_directories(work_tree.git_directory, work_tree.common_directory) if work_tree else {},
        limits.excluded,
        limits.tracked,
    )


def find_identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of what *path* names, or none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _find_state(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _find_git_directories(own: Path, common: Path) -> dict[str, frozenset[str] | None]:
    found: dict[str, frozenset[str] | None] = {str(own): _HEAD_FILES, str(common): _HEAD_FILES}
    for top in (common / "refs" / "heads", common / "reftable"):
        found |= {str(directory): None for directory, _, _ in os.walk(top)}
    return found
