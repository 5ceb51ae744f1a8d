"""The one transaction that makes a commit visible: documents, versions, skipped files, statistics, run, revision, notice."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from syncd.adapters.postgres import publishing
from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.mirror import list_former
from syncd.adapters.postgres.projects import put_repository
from syncd.adapters.postgres.transactions import fenced
from syncd.core.chunking import CHUNKER_VERSION
from syncd.core.documents import StoredDocument
from syncd.core.ids import DocumentId
from syncd.core.locks import Lock
from syncd.core.planning import Plan, Selection
from syncd.core.projects import Project
from syncd.core.revisions import Content, SkipChanges, make_changes
from syncd.core.runs import Outcome, Run
from syncd.core.sources import DocsTree, SourceCost
from syncd.services.stopwatch import Stopwatch

log = logging.getLogger("syncd.sync")


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that was decided about a commit before its transaction opens.

    *rewritten*: history was (none: unknown). *compared*: the complete listing was held against every stored document.
    """

    project: Project
    tree: DocsTree
    selection_hash: bytes
    started_at: datetime
    cost: SourceCost
    watch: Stopwatch
    rewritten: bool | None = None
    compared: bool = False


@dataclass(frozen=True, slots=True)
class NewState:
    """What the next revision holds: the plan from *stored* to *selection*, and the contents that it opens, by path."""

    plan: Plan
    selection: Selection
    stored: Mapping[str, StoredDocument]
    contents: Mapping[str, Content]
    skips: SkipChanges


async def publish_commit(pool: Pool, lock: Lock, decision: Decision, *, clock: Callable[[], datetime]) -> Run:
    """Move the commit of a project whose docs did not change; the revision stays."""
    project = decision.project
    async with fenced(pool, lock) as connection:
        now = clock()
        publication = publishing.Publication(
            project.revision,
            decision.tree,
            decision.selection_hash,
            now,
            project.documents,
            project.chunks,
            project.skipped,
            **explain_emptiness(decision.tree.docs_path, project.documents),
            compared=decision.compared,
        )
        await publishing.publish_revision(connection, project.project_id, publication)
        await _follow_rename(connection, decision)
        run = _make_run(decision, Outcome.NOOP, revision=project.revision, skipped=project.skipped, now=now)
        await publishing.add_run(connection, project.project_id, run, fence=lock.fence)
    return run


async def publish_changes(
    pool: Pool, lock: Lock, decision: Decision, state: NewState, *, clock: Callable[[], datetime]
) -> Run:
    """Publish the next revision. Raises `LeaseLost`; then readers still see the old one."""
    project = decision.project
    revision = project.revision + 1
    async with fenced(pool, lock) as connection:
        with decision.watch.phase("apply"):
            chunk_difference = await _write_changes(connection, decision, state, revision=revision)
        now = clock()
        documents, skipped = len(state.selection.desired), len(state.selection.skipped)
        publication = publishing.Publication(
            revision,
            decision.tree,
            decision.selection_hash,
            now,
            documents,
            project.chunks + chunk_difference,
            skipped,
            **explain_emptiness(decision.tree.docs_path, documents),
            compared=decision.compared,
        )
        await publishing.publish_revision(connection, project.project_id, publication)
        await _follow_rename(connection, decision)
        run = _make_run(decision, Outcome.CHANGED, revision=revision, skipped=skipped, now=now, plan=state.plan)
        await publishing.add_run(connection, project.project_id, run, fence=lock.fence)
    return run


async def _follow_rename(connection: Connection, decision: Decision) -> None:
    """Take over the repository's new name: it is known by its number, and links to it are made of its name."""
    project, name = decision.project, decision.tree.repository
    if name is None or project.repository_id is None or name == project.repository:
        return
    await put_repository(connection, project.project_id, name, project.repository_id)
    log.info(
        "repository renamed",
        extra={
            "project": project.name,
            "project_id": str(project.project_id),
            "from": project.repository,
            "to": name,
            "repository_id": project.repository_id,
        },
    )


def explain_emptiness(docs_path: str, documents: int) -> dict[str, str]:
    """Return what an operator should know about a project that is ready and has no documents; nothing when it has some."""
    if documents:
        return {}
    return {
        "reason": "no_documents",
        "message": f"No file below {docs_path or 'the root'} is a document.",
        "hint": "By default md, mdx, markdown, rst, adoc, txt, org, ipynb and html are; name others with --include.",
    }


async def _write_changes(connection: Connection, decision: Decision, state: NewState, *, revision: int) -> int:
    """Write documents, versions, skipped files and statistics; return by how many chunk places the project grew."""
    project_id = decision.project.project_id
    changes = make_changes(
        state.plan,
        stored=state.stored,
        contents=state.contents,
        former=await list_former(connection, project_id, state.plan.added),
        new_ids=_new_ids(),
    )
    closed = [document.document_id for document in changes.closed]
    await publishing.close_versions(connection, project_id, closed, revision=revision)
    await publishing.add_documents(connection, project_id, changes.created)
    await publishing.add_versions(connection, project_id, changes.opened, tree=decision.tree, revision=revision)
    await publishing.close_skipped(connection, project_id, state.skips.closed, revision=revision)
    await publishing.add_skipped(connection, project_id, state.skips.opened, revision=revision)
    return await publishing.move_term_stats(
        connection,
        project_id,
        opened=[
            (version.content.content_hash, version.format, version.content.title, CHUNKER_VERSION)
            for version in changes.opened
        ],
        closed=[
            (document.content_hash, document.format, document.title, document.chunker_version)
            for document in changes.closed
        ],
    )


def _new_ids() -> Iterator[DocumentId]:
    while True:
        yield DocumentId(uuid4())


def _make_run(
    decision: Decision, outcome: Outcome, *, revision: int, skipped: int, now: datetime, plan: Plan | None = None
) -> Run:
    return Run(
        outcome=outcome,
        from_commit=decision.project.synced_commit,
        to_commit=decision.tree.head.commit,
        tree_sha=decision.tree.tree_sha,
        revision=revision,
        started_at=decision.started_at,
        finished_at=now,
        added=len(plan.added) if plan else 0,
        modified=len(plan.modified) if plan else 0,
        renamed=len(plan.renamed) if plan else 0,
        deleted=len(plan.deleted) if plan else 0,
        skipped=skipped,
        requests=decision.cost.requests,
        received_bytes=decision.cost.received_bytes,
        milliseconds=dict(decision.watch.milliseconds),
        history_rewritten=decision.rewritten,
    )
