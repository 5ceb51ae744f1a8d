"""What differs between two revisions of a project."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId

_LIST_CHANGES = load_statement("reading/list_changes")

ChangeKind: TypeAlias = Literal["added", "modified", "renamed", "deleted"]
BEFORE_THE_FIRST = ("", 0)


@dataclass(frozen=True, slots=True)
class Change:
    """A document as it stood before and after; *old_path* is none where it was added, *path* where it was deleted."""

    old_path: str | None
    old_version: int | None
    path: str | None
    version: int | None
    title: str | None
    commit_sha: str | None
    author: str | None
    committed_at: datetime | None

    @property
    def kind(self) -> ChangeKind:
        """Return what happened; a document that was renamed may have a new version too."""
        if self.old_path is None:
            return "added"
        if self.path is None:
            return "deleted"
        return "modified" if self.path == self.old_path else "renamed"

    @property
    def position(self) -> tuple[str, int]:
        """Return where it stands in the order of changes."""
        return (self.path or self.old_path or "", 0 if self.path is None else 1)

    @property
    def paths(self) -> Sequence[str]:
        """Return the paths that it touches."""
        return tuple(dict.fromkeys(path for path in (self.old_path, self.path) if path is not None))


async def list_changes(
    connection: Connection,
    project_id: ProjectId,
    revisions: tuple[int, int],
    *,
    after: tuple[str, int] = BEFORE_THE_FIRST,
    limit: int,
) -> Sequence[Change]:
    """Return at most *limit* changes from the first of *revisions* to the second, by path, beyond position *after*."""
    rows = await connection.fetch(_LIST_CHANGES, project_id, *revisions, *after, limit)
    return tuple(Change(**row) for row in rows)
