"""One sync of one project: gather what the source has and what we have, decide, fetch what is missing, publish it at once."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from syncd.adapters.postgres.mirror import list_skipped, list_stored
from syncd.adapters.postgres.queue import mark_held
from syncd.adapters.postgres.transactions import in_project
from syncd.core.documents import SkippedFile, SkipReason, StoredDocument
from syncd.core.ids import ProjectId
from syncd.core.locks import Lock
from syncd.core.planning import Plan, Selection, is_mass_deletion, make_plan, select_entries
from syncd.core.progress import Phase
from syncd.core.projects import Project
from syncd.core.revisions import SkipChanges, hash_selection, make_skip_changes
from syncd.core.runs import Run
from syncd.core.sources import DocsTree, Head, Source, TreeEntry
from syncd.errors import Stalled
from syncd.services.publishing import Decision, NewState, publish_changes, publish_commit
from syncd.services.staging import Store, stage_contents
from syncd.services.stopwatch import Stopwatch

log = logging.getLogger("syncd.sync")

_CONTENT_REASONS = (SkipReason.BINARY, SkipReason.LFS_POINTER)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a source is mirrored."""

    document_max_bytes: int
    project_max_documents: int


def ignore_phases(_project_id: ProjectId, _phase: Phase | None) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a sync works with. *report_phase* is told which phase the sync of a project enters; none when it ended."""

    store: Store
    limits: Limits
    clock: Callable[[], datetime]
    report_phase: Callable[[ProjectId, Phase | None], None] = ignore_phases


def selection_hash(project: Project, limits: Limits) -> bytes:
    """Return what identifies the question that a sync of *project* answers."""
    return hash_selection(
        docs_path=project.docs_path,
        include=project.include,
        exclude=project.exclude,
        max_bytes=limits.document_max_bytes,
        max_documents=limits.project_max_documents,
    )


async def sync_project(
    work: Workplace, project: Project, source: Source, head: Head, *, lock: Lock, whole: bool = False
) -> Run:
    """Make the documents of *project* equal to *head*, and return the run that was recorded.

    *whole*: list and compare everything, also where the tree is the one that is published.
    Raises `LeaseLost` when the lock was lost (nothing is published), `Stalled` when a person must look, and whatever the
    source raises. What was staged before an error is used by the next run.
    """
    started_at = work.clock()
    watch = Stopwatch(partial(work.report_phase, project.project_id))
    with watch.phase("gather"):
        tree = await source.get_docs_tree(head)
        question = selection_hash(project, work.limits)
        same = (tree.tree_sha, tree.docs_path, question) == (
            project.tree_sha,
            project.synced_docs_path,
            project.selection_hash,
        )
        rewritten = _find_rewriting(project, tree)
        if same and not whole:
            decision = Decision(project, tree, question, started_at, source.cost, watch, rewritten)
            return await publish_commit(work.store.pool, lock, decision, clock=work.clock)
        entries = await source.list_entries(tree)
        async with in_project(work.store.pool, project.tenant_id, project.project_id) as connection:
            stored = await list_stored(connection, project.project_id)
            stored_skips = await list_skipped(connection, project.project_id)
    with watch.phase("plan"):
        # In a thread: a hundred thousand paths against the project's globs would hold up the event loop.
        selection = await asyncio.to_thread(_select, project, entries, work.limits)
        selection = _refuse_known(selection, stored_skips)
        plan = await asyncio.to_thread(_plan, selection, stored)
    staged = await stage_contents(work.store, lock, source, _list_wanted(plan, selection), watch=watch)
    with watch.phase("plan"):
        if staged.refused:
            selection = _refuse(selection, staged.refused)
            plan = _plan(selection, stored)
        await _guard_deletions(work, project, plan, tree=tree, stored_count=len(stored))
        skips = make_skip_changes(selection.skipped, stored_skips)
    decision = Decision(project, tree, question, started_at, source.cost, watch, rewritten, compared=True)
    if same and not (plan.is_empty and skips.is_empty):
        _log_drift(project, plan, skips)
    if plan.is_empty and skips.is_empty and project.revision > 0:
        return await publish_commit(work.store.pool, lock, decision, clock=work.clock)
    state = NewState(plan, selection, stored, staged.contents, skips)
    return await publish_changes(work.store.pool, lock, decision, state, clock=work.clock)


def _find_rewriting(project: Project, tree: DocsTree) -> bool | None:
    """Return what the commit itself tells for free: a child of the synced one rewrote no history."""
    commit = project.synced_commit
    return False if commit is not None and (commit in tree.parents or commit == tree.head.commit) else None


def _log_drift(project: Project, plan: Plan, skips: SkipChanges) -> None:
    """Say that what was stored was not what its tree holds: a fault of ours, or of who wrote to the database by hand."""
    log.error(
        "drift healed",
        extra={
            "project": project.name,
            "project_id": str(project.project_id),
            "added": len(plan.added),
            "modified": len(plan.modified),
            "renamed": len(plan.renamed),
            "deleted": len(plan.deleted),
            "skips": len(skips.opened) + len(skips.closed),
        },
    )


def _select(project: Project, entries: Sequence[TreeEntry], limits: Limits) -> Selection:
    return select_entries(
        entries,
        include=project.include,
        exclude=project.exclude,
        max_bytes=limits.document_max_bytes,
        max_documents=limits.project_max_documents,
    )


def _plan(selection: Selection, stored: Mapping[str, StoredDocument]) -> Plan:
    return make_plan(
        {path: entry.git_sha for path, entry in selection.desired.items()},
        {path: document.git_sha for path, document in stored.items()},
    )


def _refuse_known(selection: Selection, stored: Sequence[SkippedFile]) -> Selection:
    """Skip blobs that an earlier sync fetched and found to be no text: they are not fetched again."""
    refused = {file.git_sha: file.reason for file in stored if file.git_sha and file.reason in _CONTENT_REASONS}
    return _refuse(selection, refused) if refused else selection


def _refuse(selection: Selection, refused: Mapping[str, SkipReason]) -> Selection:
    bad = [
        SkippedFile(path, refused[entry.git_sha], entry.size, entry.git_sha)
        for path, entry in selection.desired.items()
        if entry.git_sha in refused
    ]
    gone = {file.path for file in bad}
    return Selection(
        {path: entry for path, entry in selection.desired.items() if path not in gone},
        tuple(sorted((*selection.skipped, *bad), key=lambda file: file.path)),
    )


def _list_wanted(plan: Plan, selection: Selection) -> list[TreeEntry]:
    paths = (*plan.added, *plan.modified, *(rename.new_path for rename in plan.renamed))
    return [selection.desired[path] for path in paths]


async def _guard_deletions(work: Workplace, project: Project, plan: Plan, *, tree: DocsTree, stored_count: int) -> None:
    """Hold a plan that removes most documents until the same tree is seen a second time."""
    if not is_mass_deletion(plan, stored_count) or project.held_tree_sha == tree.tree_sha:
        return
    async with in_project(work.store.pool, project.tenant_id, project.project_id) as connection:
        await mark_held(connection, project.project_id, tree.tree_sha)
    raise Stalled(
        "mass_deletion_held",
        f"This commit would remove {len(plan.deleted)} of {stored_count} documents; nothing was removed yet.",
        hint="If the next look finds the same tree, it is believed. `syncd project sync` looks now.",
    )
