"""The writes of the one transaction that makes a commit visible. Each takes a connection inside `transactions.fenced`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeAlias

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.contents import sharing_contents
from syncd.adapters.postgres.mirror import encode_path
from syncd.adapters.postgres.statements import load_statement
from syncd.core.chunking import CHUNKER_VERSION
from syncd.core.documents import SkippedFile
from syncd.core.ids import DocumentId, ProjectId
from syncd.core.revisions import NewVersion
from syncd.core.runs import Run
from syncd.core.sources import DocsTree

MOVED_LAYOUTS = 1_000
LayoutKey: TypeAlias = tuple[bytes, str, str, int]  # content hash, format, title, chunker version

_CLOSE_VERSIONS = load_statement("mirror/close_versions")
_ADD_DOCUMENTS = load_statement("mirror/add_documents")
_ADD_VERSIONS = load_statement("mirror/add_versions")
_CLOSE_SKIPPED = load_statement("mirror/close_skipped")
_ADD_SKIPPED = load_statement("mirror/add_skipped")
_MOVE_TERM_STATS = load_statement("mirror/move_term_stats")
_PUBLISH_REVISION = load_statement("mirror/publish_revision")
_ADD_RUN = load_statement("mirror/add_run")
_MARK_REWRITTEN = load_statement("mirror/mark_rewritten")
_NOTIFY_CHANGE = load_statement("mirror/notify_change")
_REMOVE_CONTENTS = load_statement("mirror/remove_contents")
_REMOVE_PROJECT = load_statement("mirror/remove_project")
_COLLECT_ORPHANS = load_statement("mirror/collect_orphans")


@dataclass(frozen=True, slots=True)
class Publication:
    """The new state of a project's row. *compared*: it was made from the complete listing and every stored document."""

    revision: int
    tree: DocsTree
    selection_hash: bytes
    synced_at: datetime
    documents: int
    chunks: int
    skipped: int
    reason: str | None = None
    message: str | None = None
    hint: str | None = None
    compared: bool = False


async def close_versions(
    connection: Connection, project_id: ProjectId, document_ids: Sequence[DocumentId], *, revision: int
) -> None:
    """End the current versions of these documents at *revision*."""
    await connection.execute(_CLOSE_VERSIONS, project_id, document_ids, revision)


async def add_documents(connection: Connection, project_id: ProjectId, document_ids: Sequence[DocumentId]) -> None:
    """Give new documents their identity."""
    await connection.execute(_ADD_DOCUMENTS, project_id, document_ids)


async def add_versions(
    connection: Connection, project_id: ProjectId, versions: Sequence[NewVersion], *, tree: DocsTree, revision: int
) -> None:
    """Open versions at *revision*; their commit, author and time are those of *tree*."""
    with sharing_contents():
        await connection.execute(
            _ADD_VERSIONS,
            project_id,
            [version.document_id for version in versions],
            [version.version for version in versions],
            [version.content.content_hash for version in versions],
            [version.path for version in versions],
            [version.format for version in versions],
            [version.content.title for version in versions],
            [version.content.titled for version in versions],
            tree.head.commit,
            tree.author,
            tree.committed_at,
            revision,
            CHUNKER_VERSION,
        )


async def close_skipped(connection: Connection, project_id: ProjectId, paths: Sequence[str], *, revision: int) -> None:
    """End the listing of these skipped files at *revision*."""
    hashes = [sha256(encode_path(path)).digest() for path in paths]
    await connection.execute(_CLOSE_SKIPPED, project_id, hashes, revision)


async def add_skipped(
    connection: Connection, project_id: ProjectId, files: Sequence[SkippedFile], *, revision: int
) -> None:
    """List skipped files from *revision* on."""
    await connection.execute(
        _ADD_SKIPPED,
        project_id,
        [encode_path(file.path) for file in files],
        [file.reason for file in files],
        [file.size for file in files],
        [file.git_sha for file in files],
        revision,
    )


async def move_term_stats(
    connection: Connection, project_id: ProjectId, *, opened: Sequence[LayoutKey], closed: Sequence[LayoutKey]
) -> int:
    """Move the project's document frequencies along with its layouts; return by how many chunk places it grew."""
    moved = [(layout, 1) for layout in opened] + [(layout, -1) for layout in closed]
    grown = 0
    # In parts: the terms of a large project at once would take longer than a statement may.
    for start in range(0, len(moved), MOVED_LAYOUTS):
        part = moved[start : start + MOVED_LAYOUTS]
        grown += await connection.fetchval(
            _MOVE_TERM_STATS,
            project_id,
            [layout[0] for layout, _ in part],
            [layout[1] for layout, _ in part],
            [layout[2] for layout, _ in part],
            [direction for _, direction in part],
            [layout[3] for layout, _ in part],
        )
    return grown


async def publish_revision(connection: Connection, project_id: ProjectId, publication: Publication) -> None:
    """Make *publication* the state that readers see, and tell listeners."""
    tree = publication.tree
    await connection.execute(
        _PUBLISH_REVISION,
        project_id,
        publication.revision,
        tree.head.commit,
        tree.tree_sha,
        tree.head.mark,
        publication.selection_hash,
        tree.docs_path,
        publication.synced_at,
        publication.documents,
        publication.chunks,
        publication.skipped,
        publication.reason,
        publication.message,
        publication.hint,
        CHUNKER_VERSION,
        publication.compared,
    )
    await connection.execute(_NOTIFY_CHANGE, project_id, publication.revision)


async def add_run(connection: Connection, project_id: ProjectId, run: Run, *, fence: int) -> None:
    """Remember a run."""
    await connection.execute(
        _ADD_RUN,
        project_id,
        run.from_commit,
        run.to_commit,
        run.tree_sha,
        run.revision,
        run.outcome,
        run.added,
        run.modified,
        run.renamed,
        run.deleted,
        run.skipped,
        run.requests,
        run.received_bytes,
        dict(run.milliseconds),
        fence,
        run.error_code,
        run.error_message,
        run.started_at,
        run.finished_at,
        run.history_rewritten,
    )


async def mark_rewritten(connection: Connection, project_id: ProjectId, *, fence: int, rewritten: bool) -> None:
    """Say of the runs under *fence* whether history was rewritten before them."""
    await connection.execute(_MARK_REWRITTEN, project_id, fence, rewritten)


async def remove_contents(connection: Connection, project_id: ProjectId) -> None:
    """Remove everything a project published; content by hash is left to the collection of orphans."""
    await connection.execute(_REMOVE_CONTENTS, project_id)


async def remove_project(connection: Connection, project_id: ProjectId) -> None:
    """Remove an emptied project, and with it its lease: the last write of its lock."""
    await connection.execute(_REMOVE_PROJECT, project_id)


async def collect_orphans(connection: Connection, before: datetime) -> int:
    """Remove the tenant's content that nothing refers to and that was staged before *before*; return how many rows."""
    with sharing_contents():
        return int(await connection.fetchval(_COLLECT_ORPHANS, before))
