"""Decide what a sync changes: from two maps of path to blob SHA to a plan, and from a listing to the map."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.core.documents import SkippedFile, SkipReason
from syncd.core.paths import PathFilter, find_path_fault, make_path_filter
from syncd.core.sources import EntryKind, TreeEntry

# A sync that removes more than both of these is held until it is seen again or an operator agrees.
GUARDED_DELETIONS = 20
GUARDED_SHARE = 0.5

_REASON_BY_KIND = {
    EntryKind.SYMLINK: SkipReason.SYMLINK,
    EntryKind.SUBMODULE: SkipReason.SUBMODULE,
    EntryKind.UNREADABLE: SkipReason.UNREADABLE,
}


@dataclass(frozen=True, slots=True)
class Rename:
    """One document that moved with its content unchanged."""

    old_path: str
    new_path: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What makes the stored documents equal to the desired ones. A path stands in one place only; all are sorted."""

    added: tuple[str, ...]
    modified: tuple[str, ...]
    renamed: tuple[Rename, ...]
    deleted: tuple[str, ...]
    unchanged: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.added or self.modified or self.renamed or self.deleted)


@dataclass(frozen=True, slots=True)
class Selection:
    """The files of a listing that become documents, by path, and the project's files that do not; in path order."""

    desired: Mapping[str, TreeEntry]
    skipped: tuple[SkippedFile, ...]


def make_plan(desired: Mapping[str, str], stored: Mapping[str, str]) -> Plan:
    """Plan from two path-to-blob-SHA maps: *desired* (the commit) and *stored* (ours)."""
    added = sorted(desired.keys() - stored.keys())
    deleted = sorted(stored.keys() - desired.keys())
    kept = desired.keys() & stored.keys()
    modified = tuple(sorted(path for path in kept if desired[path] != stored[path]))
    renamed = _pair_renames([(path, desired[path]) for path in added], [(path, stored[path]) for path in deleted])
    old_paths = {rename.old_path for rename in renamed}
    new_paths = {rename.new_path for rename in renamed}
    return Plan(
        added=tuple(path for path in added if path not in new_paths),
        modified=modified,
        renamed=renamed,
        deleted=tuple(path for path in deleted if path not in old_paths),
        unchanged=len(kept) - len(modified),
    )


def is_mass_deletion(plan: Plan, stored_count: int) -> bool:
    """Return whether *plan* removes so many of *stored_count* documents that it looks like a fault.

    Renames remove nothing.
    """
    removed = len(plan.deleted)
    return removed > GUARDED_DELETIONS and removed > stored_count * GUARDED_SHARE


def select_entries(
    entries: Sequence[TreeEntry], *, include: Sequence[str], exclude: Sequence[str], max_bytes: int, max_documents: int
) -> Selection:
    """Return which *entries* become documents, and which files of the project do not, with the reason.

    A file belongs to the project when its path matches; a submodule has no extension, so it belongs unless an exclude
    glob names it. Of more than *max_documents* the first in path order are taken. BadUsage for a glob that is none.
    """
    path_filter = make_path_filter(include=include, exclude=exclude)
    desired: dict[str, TreeEntry] = {}
    skipped: list[SkippedFile] = []
    for path, same in _group_by_path(entry for entry in entries if _belongs(entry, path_filter)):
        entry = same[0]
        reason = find_path_fault(path) or _find_entry_fault(same, max_bytes=max_bytes)
        if reason is None and len(desired) >= max_documents:
            reason = SkipReason.TOO_MANY
        if reason is None:
            desired[path] = entry
        else:
            skipped.append(SkippedFile(path, reason, entry.size))
    return Selection(desired, tuple(skipped))


def _pair_renames(added: Iterable[tuple[str, str]], deleted: Iterable[tuple[str, str]]) -> tuple[Rename, ...]:
    """Pair paths of equal blobs one to one, both sides in path order."""
    waiting: defaultdict[str, list[str]] = defaultdict(list)
    for path, git_sha in reversed(list(deleted)):
        waiting[git_sha].append(path)
    pairs = [Rename(waiting[git_sha].pop(), path) for path, git_sha in added if waiting[git_sha]]
    return tuple(sorted(pairs, key=lambda rename: rename.old_path))


def _belongs(entry: TreeEntry, path_filter: PathFilter) -> bool:
    if entry.kind is EntryKind.SUBMODULE:
        return not path_filter.excludes(entry.path)
    return path_filter.matches(entry.path)


def _group_by_path(entries: Iterable[TreeEntry]) -> list[tuple[str, list[TreeEntry]]]:
    groups: defaultdict[str, set[TreeEntry]] = defaultdict(set)
    for entry in entries:
        groups[entry.path].add(entry)
    return [
        (path, sorted(groups[path], key=lambda entry: (entry.git_sha, entry.kind, entry.size or 0)))
        for path in sorted(groups)
    ]


def _find_entry_fault(same: Sequence[TreeEntry], *, max_bytes: int) -> SkipReason | None:
    # A hostile tree can hold one name twice; which of the two git would check out is not ours to guess.
    if len(same) > 1:
        return SkipReason.PATH_UNSAFE
    entry = same[0]
    if entry.kind in _REASON_BY_KIND:
        return _REASON_BY_KIND[entry.kind]
    return SkipReason.TOO_LARGE if entry.size is not None and entry.size > max_bytes else None
