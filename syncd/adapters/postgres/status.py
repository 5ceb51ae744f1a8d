"""How the projects of a tenant stand, as operators see them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId
from syncd.core.runs import Outcome, Run

_LIST_PROJECT_STATES = load_statement("status/list_project_states")
_LIST_SKIPPED_FILES = load_statement("status/list_skipped_files")
_LIST_EMBEDDINGS = load_statement("status/list_embeddings")

_RUN = "run_"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectState:
    """A project: what is wanted, what is published, what hinders it, and its last run, if it had one."""

    project_id: ProjectId
    name: str
    source: str
    repository: str | None
    folder: str | None
    branch: str | None
    condition: str
    reason: str | None
    message: str | None
    hint: str | None
    next_try_at: datetime | None
    checked_at: datetime | None
    attempted_at: datetime | None
    desired_commit: str | None
    synced_commit: str | None
    revision: int
    synced_at: datetime | None
    documents: int
    chunks: int
    skipped: int
    last_run: Run | None


async def list_project_states(
    connection: Connection, *, project_ids: Collection[ProjectId] | None, limit: int
) -> Sequence[ProjectState]:
    """Return at most *limit* of the tenant's projects by name; with *project_ids* only those."""
    allowed = None if project_ids is None else list(project_ids)
    return [_make_state(row) for row in await connection.fetch(_LIST_PROJECT_STATES, allowed, limit)]


@dataclass(frozen=True, slots=True)
class Skip:
    """A file that is not mirrored. Its path is bytes: it may not be UTF-8."""

    path: bytes
    reason: str
    size: int | None


async def list_skipped_files(
    connection: Connection, project_id: ProjectId, *, after: bytes, limit: int
) -> Sequence[Skip]:
    """Return at most *limit* of a project's files that are not mirrored now, by path, after the path *after*."""
    return [Skip(**row) for row in await connection.fetch(_LIST_SKIPPED_FILES, project_id, limit, after)]


@dataclass(frozen=True, slots=True)
class EmbeddingState:
    """How far the vectors of a project are, by the model that was last worked on, and what hinders the work."""

    project_id: ProjectId
    model: str
    chunks: int
    embedded: int
    was_complete: bool
    reason: str | None
    message: str | None
    updated_at: datetime


async def list_embeddings(
    connection: Connection, *, project_ids: Collection[ProjectId] | None
) -> Sequence[EmbeddingState]:
    """Return how far the vectors of the tenant's projects are; with *project_ids* only of those."""
    allowed = None if project_ids is None else list(project_ids)
    return [EmbeddingState(**row) for row in await connection.fetch(_LIST_EMBEDDINGS, allowed)]


def _make_state(row: asyncpg.Record) -> ProjectState:
    columns = dict(row)
    run = {name.removeprefix(_RUN): columns.pop(name) for name in list(columns) if name.startswith(_RUN)}
    if run["outcome"] is None:
        return ProjectState(**columns, last_run=None)
    return ProjectState(**columns, last_run=Run(**{**run, "outcome": Outcome(run["outcome"])}))
