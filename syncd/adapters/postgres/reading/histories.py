"""A document over time: its versions, where it stood, and what it was at a revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.documents import ReadableDocument
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import DocumentId, ProjectId

_LIST_VERSIONS = load_statement("reading/list_versions")
_FIND_FORMER = load_statement("reading/find_former")
_FIND_DOCUMENT = load_statement("reading/find_document")

StepKind: TypeAlias = Literal["added", "modified", "renamed", "restored"]


@dataclass(frozen=True, slots=True)
class Step:
    """A version at a path, from revision to revision, and how the one before it stood."""

    version: int
    path: str
    commit_sha: str | None
    author: str | None
    committed_at: datetime | None
    revision_from: int
    revision_to: int | None
    size: int
    lines: int
    earlier_path: str | None
    earlier_version: int | None
    earlier_end: int | None

    @property
    def kind(self) -> StepKind:
        """Return what made it; a document that was renamed or restored may have a new version too."""
        if self.earlier_path is None:
            return "added"
        if self.earlier_end != self.revision_from:
            return "restored"
        return "modified" if self.earlier_path == self.path else "renamed"


async def list_versions(
    connection: Connection, project_id: ProjectId, document_id: DocumentId, *, before: int, limit: int
) -> Sequence[Step]:
    """Return at most *limit* steps of a document before revision *before*, newest first."""
    rows = await connection.fetch(_LIST_VERSIONS, project_id, document_id, before, limit)
    return tuple(Step(**row) for row in rows)


async def find_former(
    connection: Connection, project_id: ProjectId, path: str, *, revision: int
) -> ReadableDocument | None:
    """Return the document that stood last at *path* by *revision*, as it was then, or none."""
    row = await connection.fetchrow(_FIND_FORMER, project_id, path, revision)
    return None if row is None else ReadableDocument(**row)


async def find_document(
    connection: Connection, project_id: ProjectId, document_id: DocumentId, *, revision: int
) -> ReadableDocument | None:
    """Return a document as it was at *revision*, or none where there was none."""
    row = await connection.fetchrow(_FIND_DOCUMENT, project_id, document_id, revision)
    return None if row is None else ReadableDocument(**row)
