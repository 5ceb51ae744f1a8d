"""The runs of a project over REST."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from syncd.adapters.postgres.runs import NEWEST, StoredRun, list_runs
from syncd.adapters.postgres.transactions import reading
from syncd.web.api.models import Told
from syncd.web.api.paging import PageQuery, open_page
from syncd.web.api.projects import find_project
from syncd.web.api.route import Call, Reply


class RunTold(Told):
    """What one sync of a project did or tried."""

    id: UUID
    outcome: Literal["changed", "noop", "failed"]
    from_commit: str | None
    to_commit: str | None
    revision: int
    added: int
    modified: int
    renamed: int
    deleted: int
    skipped: int
    requests: int
    bytes: int
    milliseconds: dict[str, float]
    error_code: str | None
    error_message: str | None
    started_at: datetime
    finished_at: datetime


class RunsTold(Told):
    """A page of runs, newest first."""

    items: list[RunTold]
    next_cursor: str | None


async def show_runs(call: Call) -> Reply:
    """List a project's runs."""
    query = call.ask(PageQuery)
    project = await find_project(call)
    page = open_page(call, query, start=_place(*NEWEST))
    started_at, run_id = (str(part) for part in page.position)
    before = (datetime.fromisoformat(started_at), UUID(run_id))
    async with reading(call.site.pool, call.caller.tenant_id) as connection:
        found = await list_runs(connection, project.project_id, before=before, limit=page.rows)
    shown, more = page.cut(found, lambda stored: _place(stored.run.started_at, stored.run_id))
    return Reply(RunsTold(items=[_describe(stored) for stored in shown], next_cursor=more))


def _place(started_at: datetime, run_id: UUID) -> list[str | int]:
    return [started_at.isoformat(), str(run_id)]


def _describe(stored: StoredRun) -> RunTold:
    run = stored.run
    return RunTold(
        id=stored.run_id,
        outcome=run.outcome.value,
        from_commit=run.from_commit,
        to_commit=run.to_commit,
        revision=run.revision,
        added=run.added,
        modified=run.modified,
        renamed=run.renamed,
        deleted=run.deleted,
        skipped=run.skipped,
        requests=run.requests,
        bytes=run.received_bytes,
        milliseconds=dict(run.milliseconds),
        error_code=run.error_code,
        error_message=run.error_message,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )
