"""One look at one project: ask the source, take the lock, sync, and say how the project stands."""

import logging
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncd.adapters.postgres.connections import Connection, LeaseLost
from syncd.adapters.postgres.projects import find_project_by_id
from syncd.adapters.postgres.publishing import (
    add_run,
    collect_orphans,
    mark_rewritten,
    remove_contents,
    remove_project,
)
from syncd.adapters.postgres.queue import finish_due, mark_attempted, mark_checked, mark_condition, mark_desired
from syncd.adapters.postgres.transactions import fenced, in_project
from syncd.core.chunking import CHUNKER_VERSION
from syncd.core.ids import ProjectId, TenantId
from syncd.core.locks import Lock
from syncd.core.projects import Due, Project
from syncd.core.runs import Outcome, Run
from syncd.core.schedule import Pace, choose_poll_seconds, is_comparison_due, next_poll, next_retry, next_stalled_look
from syncd.core.sources import Head, Source
from syncd.errors import Busy, RetryLater, SyncdError
from syncd.services.locking import Locking, holding
from syncd.services.publishing import explain_emptiness
from syncd.services.recutting import recut_project
from syncd.services.sync import Workplace, selection_hash, sync_project
from syncd.services.watching import FolderWatches

log = logging.getLogger("syncd.sync")

MASS_DELETION_LOOK_SECONDS = 10.0
RECUT_SECONDS = 20.0  # then the source is looked at again: a push does not wait for a large project to be cut anew
COLLECT_EVERY = timedelta(hours=1)
ORPHAN_AGE = timedelta(days=1)  # longer than any run: what a run has staged is safe


def tell_nobody(_tenant_id: TenantId, _project_id: ProjectId) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Reconciling:
    """What the loop works with. *least_seconds* is kept of each source from a look until its project is put back.

    *tell* hears of each project that wants GitHub told of its commits, after a look; *telling* are those under way.

    A claim holds for *claim_seconds*, and is renewed while its look goes on: the project of a daemon that died comes back then.
    """

    work: Workplace
    locking: Locking
    open_source: Callable[[Project], AbstractAsyncContextManager[Source]]
    watches: FolderWatches
    pace: Pace
    concurrency: int
    claim_seconds: float = 30.0
    collected_at: dict[TenantId, datetime] = field(default_factory=dict)
    least_seconds: dict[ProjectId, float] = field(default_factory=dict)
    tell: Callable[[TenantId, ProjectId], None] = tell_nobody
    telling: set[ProjectId] = field(default_factory=set)


async def attend(parts: Reconciling, due: Due) -> None:
    """Look at one project once, and say how it stands and when to look again."""
    began_at = parts.work.clock()
    error: SyncdError | None = None
    unfinished = False
    try:
        project = await _look(parts, due)
        unfinished = project is not None and await _cut_anew(parts, project)
    except SyncdError as known:
        error = known
    except Exception:
        log.exception("sync failed unexpectedly", extra={"project_id": str(due.project_id)})
        error = _make_internal_error()
    try:
        await _put_back(parts, due, error, began_at=began_at, unfinished=unfinished)
    except Exception:
        # The database is away. The claim comes back by itself, and so does the trouble if it is still there.
        log.exception("project could not be put back", extra={"project_id": str(due.project_id)})
    if due.project_id in parts.telling:
        parts.telling.remove(due.project_id)
        parts.tell(due.tenant_id, due.project_id)


async def _look(parts: Reconciling, due: Due) -> Project | None:
    """Sync one project if its head moved; return it as it was found, or none when it is gone."""
    pool = parts.work.store.pool
    async with in_project(pool, due.tenant_id, due.project_id) as connection:
        project = await find_project_by_id(connection, due.project_id)
    if project is None or project.removed_at is not None:
        parts.watches.forget(due.project_id)
        if project is not None:
            await _remove(parts, project)
        return None
    parts.watches.watch(project)
    if project.commit_status:
        parts.telling.add(project.project_id)
    async with parts.open_source(project) as source:
        parts.least_seconds[due.project_id] = source.poll_least_seconds
        head = await source.find_head(_known_mark(parts, project))
        async with in_project(pool, due.tenant_id, due.project_id) as connection:
            if head is None:
                await _mark_unchanged(parts, connection, project)
                return project
            await mark_desired(connection, due.project_id, head.commit)
        await _sync(parts, project, source, head)
    return project


async def _mark_unchanged(parts: Reconciling, connection: Connection, project: Project) -> None:
    oddity = explain_emptiness(project.synced_docs_path or "", project.documents)
    await mark_checked(connection, project.project_id, parts.work.clock(), **oddity)


def _known_mark(parts: Reconciling, project: Project) -> str | None:
    """Return the mark of the synced head, unless the project asks another question of it, or was long not compared as a whole."""
    if _is_comparison_due(parts, project):
        return None
    return project.source_mark if project.selection_hash == selection_hash(project, parts.work.limits) else None


def _is_comparison_due(parts: Reconciling, project: Project) -> bool:
    compared_at = project.compared_at or project.synced_at
    return is_comparison_due(parts.pace, parts.work.clock(), compared_at=compared_at)


async def _sync(parts: Reconciling, seen: Project, source: Source, head: Head) -> None:
    pool = parts.work.store.pool
    async with holding(parts.locking, seen.tenant_id, seen.project_id, reason=f"syncing {seen.origin}") as lock:
        async with in_project(pool, seen.tenant_id, seen.project_id) as connection:
            project = await find_project_by_id(connection, seen.project_id)
        if project is None:
            return
        newest: Head | None = head
        if project.synced_at != seen.synced_at:
            # Another daemon published since we looked; our head may be the older one.
            newest = await source.find_head(_known_mark(parts, project))
        if newest is None:
            async with in_project(pool, seen.tenant_id, seen.project_id) as connection:
                await _mark_unchanged(parts, connection, project)
            return
        run = await _sync_recorded(parts, project, source, newest, lock=lock)
        if run.history_rewritten is None:
            await _remark_rewriting(parts, run, source, newest, lock=lock)
        if run.outcome is Outcome.CHANGED:
            await _collect_orphans(parts, lock)


async def _sync_recorded(parts: Reconciling, project: Project, source: Source, head: Head, *, lock: Lock) -> Run:
    started_at = parts.work.clock()

    async def record(error: SyncdError) -> None:
        failed = Run(
            outcome=Outcome.FAILED,
            from_commit=project.synced_commit,
            to_commit=head.commit,
            tree_sha=None,
            revision=project.revision,
            started_at=started_at,
            finished_at=parts.work.clock(),
            requests=source.cost.requests,
            received_bytes=source.cost.received_bytes,
            error_code=error.code,
            error_message=error.message,
        )
        parts.locking.metrics.count_run(failed)
        async with fenced(parts.work.store.pool, lock) as connection:
            await add_run(connection, project.project_id, failed, fence=lock.fence)

    try:
        whole = _is_comparison_due(parts, project)
        run = await sync_project(parts.work, project, source, head, lock=lock, whole=whole)
    except LeaseLost:
        raise  # without the lease there is nothing that may be written
    except SyncdError as error:
        await record(error)
        raise
    except Exception:
        await record(_make_internal_error())
        raise
    finally:
        parts.work.report_phase(project.project_id, None)
    parts.locking.metrics.count_run(run)
    log.info("sync", extra={"project": project.name, "project_id": str(project.project_id), **make_log_fields(run)})
    return run


async def _remark_rewriting(parts: Reconciling, run: Run, source: Source, head: Head, *, lock: Lock) -> None:
    """Say of a run whether the push rewrote history; asked after its docs are visible, and no reason to fail it."""
    if run.from_commit is None or run.to_commit is None:
        return
    try:
        rewritten = await source.is_rewritten(head, run.from_commit)
    except LeaseLost:
        raise
    except SyncdError as error:
        log.info("rewriting unknown", extra={"project_id": str(lock.project_id), "code": error.code})
        return
    if rewritten is not None:
        async with fenced(parts.work.store.pool, lock) as connection:
            await mark_rewritten(connection, lock.project_id, fence=lock.fence, rewritten=rewritten)


def _make_internal_error() -> RetryLater:
    return RetryLater("internal_error", "The sync failed unexpectedly.", hint="The daemon's log has the details.")


def make_log_fields(run: Run) -> dict[str, object]:
    """Return what the one log line of a run says."""
    return {
        "outcome": run.outcome.value,
        "commit": run.to_commit,
        "revision": run.revision,
        "added": run.added,
        "modified": run.modified,
        "renamed": run.renamed,
        "deleted": run.deleted,
        "skipped": run.skipped,
        "history_rewritten": run.history_rewritten,
        "requests": run.requests,
        "received_bytes": run.received_bytes,
        "milliseconds": dict(run.milliseconds),
    }


async def _cut_anew(parts: Reconciling, project: Project) -> bool:
    """Go on cutting anew what an older chunker cut; return whether something is left for the next look.

    A freeze or another holder puts it off: what is stored answers as well as before.
    """
    if project.chunker_version >= CHUNKER_VERSION or project.revision == 0:
        return False
    until = parts.work.clock() + timedelta(seconds=RECUT_SECONDS)
    try:
        async with holding(
            parts.locking, project.tenant_id, project.project_id, reason="cutting documents anew", kind="recut"
        ) as lock:
            done = await recut_project(parts.work.store, lock, clock=parts.work.clock, until=until)
    except Busy:
        return False
    log.info("recut", extra={"project": project.name, "project_id": str(project.project_id), "done": done})
    return not done


async def _collect_orphans(parts: Reconciling, lock: Lock) -> None:
    now = parts.work.clock()
    last = parts.collected_at.get(lock.tenant_id)
    if last is not None and now - last < COLLECT_EVERY:
        return
    parts.collected_at[lock.tenant_id] = now
    try:
        async with fenced(parts.work.store.pool, lock) as connection:
            collected = await collect_orphans(connection, now - ORPHAN_AGE)
    except Exception:
        # The docs are visible; what is in nobody's way is looked for again in an hour.
        log.exception("orphans not collected", extra={"tenant_id": str(lock.tenant_id)})
        return
    if collected:
        log.info("orphans collected", extra={"tenant_id": str(lock.tenant_id), "rows": collected})


async def _remove(parts: Reconciling, project: Project) -> None:
    async with (
        holding(parts.locking, project.tenant_id, project.project_id, reason="removing the project") as lock,
        fenced(parts.work.store.pool, lock) as connection,
    ):
        await remove_contents(connection, project.project_id)
        await collect_orphans(connection, parts.work.clock())
        await remove_project(connection, project.project_id)
    log.info("project removed", extra={"project": project.name, "project_id": str(project.project_id)})


async def _put_back(
    parts: Reconciling, due: Due, error: SyncdError | None, *, began_at: datetime, unfinished: bool
) -> None:
    """Write down how the project stands, and when to look again."""
    now = parts.work.clock()
    least_seconds = parts.least_seconds.pop(due.project_id, 0.0)
    poll_seconds = choose_poll_seconds(parts.pace, now, delivered_at=due.delivered_at, least_seconds=least_seconds)
    condition, next_at = _judge(now, due, error, poll_seconds=poll_seconds)
    next_at = now if unfinished else next_at
    async with in_project(parts.work.store.pool, due.tenant_id, due.project_id) as connection:
        if error is None:
            await mark_attempted(connection, due.project_id, began_at)
        else:
            fields = {"project_id": str(due.project_id), "condition": condition, "code": error.code}
            log.warning("sync waits", extra=fields)
            if not _is_held_elsewhere(error):  # then its holder says how it stands
                await mark_condition(
                    connection, due.project_id, condition, error=error, next_try_at=next_at, attempted_at=began_at
                )
        failures = 0 if error is None or isinstance(error, Busy) else due.failures + 1
        await finish_due(connection, due, now=now, next_at=next_at, failures=failures)


def _is_held_elsewhere(error: SyncdError) -> bool:
    return error.code == "project_locked"


def _judge(now: datetime, due: Due, error: SyncdError | None, *, poll_seconds: float) -> tuple[str, datetime]:
    """Return the condition that *error* means, and when to look again."""
    fraction = random.random()  # noqa: S311 - jitter is no secret
    poll_at = next_poll(now, poll_seconds=poll_seconds, fraction=fraction)
    match error:
        case None:
            return "ready", poll_at
        case Busy() if _is_held_elsewhere(error):
            return "waiting", now + timedelta(seconds=error.after_seconds)
        case Busy():
            return "frozen", poll_at
        case RetryLater():
            return "waiting", next_retry(
                now, failures=due.failures, after_seconds=error.after_seconds, fraction=fraction
            )
        case _ if error.code == "mass_deletion_held":
            return "stalled", now + timedelta(seconds=MASS_DELETION_LOOK_SECONDS)
        case _:
            return "stalled", next_stalled_look(now, poll_seconds=poll_seconds, fraction=fraction)
