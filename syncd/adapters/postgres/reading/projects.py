"""The projects a caller sees, with what is published of them and how fresh it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId
from syncd.core.permalinks import GITHUB_URL

_LIST_PROJECTS = load_statement("reading/list_projects")
_FIND_ATTEMPT = load_statement("reading/find_attempt")


@dataclass(frozen=True, slots=True)
class ReadableProject:
    """A project as its readers see it. *holder* is who syncs now; the freeze is set while syncs are stopped by a person.

    *revision*, *synced_commit* and *synced_at* are those that are read: the newest, unless it is read as of an earlier one.
    """

    project_id: ProjectId
    name: str
    source: str
    repository: str | None
    branch: str | None
    synced_docs_path: str | None
    condition: str
    reason: str | None
    message: str | None
    hint: str | None
    next_try_at: datetime | None
    checked_at: datetime | None
    desired_commit: str | None
    revision: int
    newest_revision: int
    synced_commit: str | None
    synced_at: datetime | None
    documents: int
    chunks: int
    skipped: int
    holder: str | None
    acquired_at: datetime | None
    is_frozen: bool
    frozen_by: str | None
    frozen_at: datetime | None
    freeze_until: datetime | None
    freeze_reason: str | None
    web_url: str


async def list_projects(
    connection: Connection, *, allowed: frozenset[ProjectId] | None = None, web_url: str = GITHUB_URL
) -> Sequence[ReadableProject]:
    """Return the tenant's projects by name, only the *allowed* ones where a key is limited to some; people see their repositories at *web_url*."""
    rows = await connection.fetch(_LIST_PROJECTS, None if allowed is None else list(allowed))
    return tuple(ReadableProject(**row, web_url=web_url) for row in rows)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last look at a project's source that has ended: when it began, and how the project stands since."""

    attempted_at: datetime | None
    condition: str
    reason: str | None
    message: str | None


async def find_attempt(connection: Connection, project_id: ProjectId) -> Attempt | None:
    """Return the last look at a project that has ended; none when the project is gone."""
    row = await connection.fetchrow(_FIND_ATTEMPT, project_id)
    return Attempt(**row) if row else None
