"""What a source of documents hands over: a head, a tree, blobs."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class EntryKind(StrEnum):
    """What a tree entry is, by its git mode; unreadable is a file that the source lists and may not open."""

    FILE = "file"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a listing.

    *path* is relative to the repository root; bytes that are not UTF-8 stand in it as surrogate escapes. *git_sha* names
    the content of every file that may become a document. A folder that did not read a file (unreadable, larger than its
    limit, in a submodule) gives it a stable SHA that no blob has.
    """

    path: str
    kind: EntryKind
    git_sha: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Head:
    """The newest state of a source.

    *mark* is opaque: handed back to the source, it lets an unchanged head be recognised for the price of one
    conditional request. *commit* is null for a folder that is not a clean git work tree.
    """

    commit: str | None
    mark: str


@dataclass(frozen=True, slots=True)
class DocsTree:
    """The docs of one head: who made it, when, where its docs are, and the SHA of that tree.

    *docs_path* is relative to the root, without slashes at its ends, and empty for the root itself. *repository* is what
    the source calls itself today (owner/name), and *parents* are the commits that the head descends from, where it says so.
    """

    head: Head
    docs_path: str
    tree_sha: str
    author: str | None
    committed_at: datetime | None
    repository: str | None = None
    parents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SourceBlob:
    """The bytes of one blob. The source has verified them against *git_sha*."""

    git_sha: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SourceCost:
    """What a source spent since it was opened: requests and bytes received."""

    requests: int
    received_bytes: int


class Source(Protocol):
    """Where the documents of one project come from. The calls of one sync come in the order they stand here."""

    async def find_head(self, known_mark: str | None) -> Head | None:
        """Return the head, or none while it is still the one of *known_mark*."""

    async def get_docs_tree(self, head: Head) -> DocsTree:
        """Return where the docs of *head* are and the SHA of their tree."""

    async def is_rewritten(self, head: Head, since_commit: str) -> bool | None:
        """Return whether *head* does not descend from *since_commit*; none where nobody can tell."""

    async def list_entries(self, tree: DocsTree) -> Sequence[TreeEntry]:
        """Return every file below *tree*, with root-relative paths. The listing is complete, or this raises."""

    def read_blobs(self, entries: Sequence[TreeEntry]) -> AsyncIterator[SourceBlob]:
        """Yield the verified bytes of each distinct blob among *entries*, in any order."""

    @property
    def cost(self) -> SourceCost:
        """Return what was spent so far."""

    @property
    def poll_least_seconds(self) -> float:
        """Return the shortest time between two polls that the source can bear."""
