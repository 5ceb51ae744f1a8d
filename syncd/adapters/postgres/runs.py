"""The runs of a project, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId
from syncd.core.runs import Outcome, Run

_LIST_RUNS = load_statement("status/list_runs")
NEWEST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))  # a position before which every run stands


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run and its id, which orders runs that began at the same time."""

    run_id: UUID
    run: Run


async def list_runs(
    connection: Connection, project_id: ProjectId, *, before: tuple[datetime, UUID], limit: int
) -> Sequence[StoredRun]:
    """Return at most *limit* runs before a time and run, newest first."""
    return [_make_run(row) for row in await connection.fetch(_LIST_RUNS, project_id, *before, limit)]


def _make_run(row: asyncpg.Record) -> StoredRun:
    columns = dict(row)
    run_id = columns.pop("run_id")
    return StoredRun(run_id, Run(**{**columns, "outcome": Outcome(columns["outcome"])}))
