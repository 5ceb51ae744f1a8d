"""What a new chunker moves: versions to their new layouts, statistics with them. Writes take a connection inside `transactions.fenced`."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.contents import sharing_contents
from syncd.adapters.postgres.statements import load_statement
from syncd.core.chunking import CHUNKER_VERSION
from syncd.core.ids import DocumentId, ProjectId
from syncd.core.indexing import IndexedText

_LIST_OUTDATED = load_statement("mirror/list_outdated")
_MOVE_LAYOUTS = load_statement("mirror/move_layouts")
_REMOVE_LINKS = load_statement("mirror/remove_links")
_GROW_PROJECT = load_statement("mirror/grow_project")
_MARK_RECUT = load_statement("mirror/mark_recut")


@dataclass(frozen=True, slots=True)
class OutdatedVersion:
    """A version that is read by the layout of an older chunker; *size* is that of its content, in bytes."""

    document_id: DocumentId
    revision_from: int
    is_current: bool
    content_hash: bytes
    path: str
    format: str
    title: str
    chunker_version: int
    size: int


async def list_outdated(connection: Connection, project_id: ProjectId, *, limit: int) -> Sequence[OutdatedVersion]:
    """Return at most *limit* versions of the project that an older chunker cut, what is current first."""
    rows = await connection.fetch(_LIST_OUTDATED, project_id, CHUNKER_VERSION, limit)
    return tuple(OutdatedVersion(**row) for row in rows)


async def move_layouts(
    connection: Connection, project_id: ProjectId, moved: Sequence[tuple[OutdatedVersion, IndexedText]]
) -> None:
    """Let versions be read by their new layouts, which are stored."""
    await connection.execute(
        _MOVE_LAYOUTS,
        project_id,
        [version.document_id for version, _ in moved],
        [version.revision_from for version, _ in moved],
        [text.title for _, text in moved],
        [text.titled for _, text in moved],
        CHUNKER_VERSION,
    )


async def remove_links(connection: Connection, texts: Sequence[IndexedText]) -> None:
    """Remove the links of contents that are about to be stored anew, with their anchors and what they say of themselves."""
    with sharing_contents():
        await connection.execute(_REMOVE_LINKS, [text.content_hash for text in texts], [text.format for text in texts])


async def grow_project(connection: Connection, project_id: ProjectId, difference: int) -> None:
    """Add *difference* to the chunk places that the project counts."""
    await connection.execute(_GROW_PROJECT, project_id, difference)


async def mark_recut(connection: Connection, project_id: ProjectId) -> None:
    """Remember that nothing of the project is left to cut anew."""
    await connection.execute(_MARK_RECUT, project_id, CHUNKER_VERSION)
