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

_RUN = "run_"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectState:
    """A project: what is wanted, what is published, what hinders it, a freeze that stands, and its last run, if it had one."""

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
    fence: int
    frozen_by: str | None
    frozen_at: datetime | None
    freeze_until: datetime | None
    freeze_reason: str | None
    last_run: Run | None


async def list_project_states(
    connection: Connection, *, project_ids: Collection[ProjectId] | None, limit: int, now: datetime
) -> Sequence[ProjectState]:
    """Return at most *limit* of the tenant's projects by name; with *project_ids* only those."""
    allowed = None if project_ids is None else list(project_ids)
    return [_make_state(row) for row in await connection.fetch(_LIST_PROJECT_STATES, allowed, limit, now)]


def _make_state(row: asyncpg.Record) -> ProjectState:
    columns = dict(row)
    run = {name.removeprefix(_RUN): columns.pop(name) for name in list(columns) if name.startswith(_RUN)}
    if run["outcome"] is None:
        return ProjectState(**columns, last_run=None)
    return ProjectState(**columns, last_run=Run(**{**run, "outcome": Outcome(run["outcome"])}))
