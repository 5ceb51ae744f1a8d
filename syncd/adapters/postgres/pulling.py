"""A project's documents as files: those of a revision, and which revision a number, a commit or a time means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId

_FIND_REVISION = load_statement("pulling/find_revision")
_FIND_REVISION_AT_TIME = load_statement("pulling/find_revision_at_time")
_LIST_REVISIONS_OF_COMMITS = load_statement("pulling/list_revisions_of_commits")
_LIST_FILES = load_statement("pulling/list_files")
_LIST_CONTENTS = load_statement("pulling/list_contents")


@dataclass(frozen=True, slots=True)
class PublishedRevision:
    """A revision that readers saw, the commit it was synced at (none: a folder without git), and when."""

    revision: int
    commit: str | None
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class RevisionFile:
    """A document as a file of *size* bytes."""

    path: str
    content_hash: bytes
    size: int


async def find_revision(connection: Connection, project_id: ProjectId, revision: int) -> PublishedRevision | None:
    """Return a revision by its number, or none."""
    row = await connection.fetchrow(_FIND_REVISION, project_id, revision)
    return None if row is None else PublishedRevision(**row)


async def find_revision_at_time(
    connection: Connection, project_id: ProjectId, at: datetime
) -> PublishedRevision | None:
    """Return the revision that readers saw at a time, or none."""
    row = await connection.fetchrow(_FIND_REVISION_AT_TIME, project_id, at)
    return None if row is None else PublishedRevision(**row)


async def list_revisions_of_commits(
    connection: Connection, project_id: ProjectId, prefix: str, *, limit: int
) -> Sequence[PublishedRevision]:
    """Return the newest revision of each commit whose SHA begins with *prefix*, *limit* at most."""
    # "g" stands behind every hex digit.
    rows = await connection.fetch(_LIST_REVISIONS_OF_COMMITS, project_id, prefix, f"{prefix}g", limit)
    return tuple(PublishedRevision(**row) for row in rows)


async def list_files(connection: Connection, project_id: ProjectId, *, revision: int) -> Sequence[RevisionFile]:
    """Return the documents of a revision, by path."""
    return tuple(RevisionFile(**row) for row in await connection.fetch(_LIST_FILES, project_id, revision))


async def list_contents(connection: Connection, content_hashes: Sequence[bytes]) -> Mapping[bytes, bytes]:
    """Return the exact bytes of the contents that are still there, by their hash."""
    rows = await connection.fetch(_LIST_CONTENTS, content_hashes)
    return {row["content_hash"]: row["content"] for row in rows}
