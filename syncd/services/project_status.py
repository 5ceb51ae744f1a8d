"""One project as operators see it: how it stands, its last runs, what happened to its lock, what is skipped or read as plain text, and why."""

from collections.abc import Sequence

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.reading.links import list_plain_documents
from syncd.adapters.postgres.runs import NEWEST, list_runs
from syncd.adapters.postgres.status import list_skipped_files
from syncd.adapters.postgres.transactions import reading
from syncd.core.cursors import make_open_cursor, read_open_cursor
from syncd.core.freshness import list_freshness
from syncd.core.projects import Project
from syncd.core.runs import Run
from syncd.services.freezing import HistoryPage
from syncd.services.status_document import describe_run, format_time

RUNS_SHOWN = 50
EVENTS_SHOWN = 30
FILES_SHOWN = 200


async def describe_project_status(
    pool: Pool,
    project: Project,
    events: HistoryPage,
    *,
    skipped_cursor: str = "",
    plain_cursor: str = "",
) -> dict[str, object]:
    """Return what the page of a project shows beside its line in the status. Raises `Unreachable`, `BadUsage` for a cursor that is none."""
    skipped_after = read_open_cursor(skipped_cursor)
    # No path is in other bytes; a made-up cursor may be.
    plain_after = read_open_cursor(plain_cursor).decode(errors="replace").replace("\0", "\ufffd")
    with explaining_outage():
        async with reading(pool, project.tenant_id) as connection:
            found = await list_runs(connection, project.project_id, before=NEWEST, limit=RUNS_SHOWN)
            skips = await list_skipped_files(connection, project.project_id, after=skipped_after, limit=FILES_SHOWN + 1)
            plain = await list_plain_documents(
                connection, project.project_id, revision=project.revision, after=plain_after, limit=FILES_SHOWN + 1
            )
    runs = [stored.run for stored in found]
    return {
        "runs": [_describe_run(run) for run in runs],
        "freshness": [
            {"at": format_time(point.at), "seconds": point.seconds} for point in list_freshness(reversed(runs))
        ],
        "lockEvents": describe_history(events),
        "skippedFiles": {
            **_make_page([(skip.path, {"reason": skip.reason, "size": skip.size}) for skip in skips]),
            "total": max(project.skipped, len(skips)),
        },
        "plainDocuments": _make_page([(document.path.encode(), {"reason": document.reason}) for document in plain]),
    }


def _make_page(found: Sequence[tuple[bytes, dict[str, object]]]) -> dict[str, object]:
    """Return a page of files by path; there is one more in *found* than it holds where the list goes on."""
    shown = found[:FILES_SHOWN]
    return {
        "items": [{"path": path.decode(errors="replace"), **described} for path, described in shown],
        "nextCursor": make_open_cursor(shown[-1][0]) if len(found) > FILES_SHOWN else None,
    }


def describe_history(page: HistoryPage) -> dict[str, object]:
    """Return a page of a lock's history."""
    return {
        "items": [
            {
                "at": format_time(event.at),
                "action": event.action,
                "actor": event.actor,
                "reason": event.reason,
                "fence": event.fence,
                "previousHolder": event.previous_holder,
                "requestId": event.request_id,
            }
            for event in page.events
        ],
        "nextCursor": page.next_cursor,
    }


def _describe_run(run: Run) -> dict[str, object]:
    error = {"code": run.error_code, "message": run.error_message} if run.error_code else None
    return {**(describe_run(run) or {}), "finishedAt": format_time(run.finished_at), "error": error}
