"""Links as they are written: those of a content, and those that may point to a name."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.documents import ReadableDocument
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId
from syncd.core.outline import Link

_LIST_LINKS = load_statement("reading/list_links")
_LIST_LINKS_TO = load_statement("reading/list_links_to")


@dataclass(frozen=True, slots=True)
class PlacedLink:
    """A link in the document at *path*."""

    path: str
    line: int
    target: str
    text: str


async def list_links(
    connection: Connection, document: ReadableDocument, *, from_ordinal: int = 0, limit: int
) -> Sequence[Link]:
    """Return at most *limit* links of a document, in order, from *from_ordinal* on."""
    rows = await connection.fetch(_LIST_LINKS, document.content_hash, document.format, from_ordinal, limit)
    return tuple(Link(**row) for row in rows)


async def list_links_to(
    connection: Connection, project_id: ProjectId, names: Sequence[str], *, revision: int, limit: int
) -> Sequence[PlacedLink]:
    """Return at most *limit* links of a project at *revision* whose target ends in one of *names*, by path and line."""
    rows = await connection.fetch(_LIST_LINKS_TO, project_id, revision, list(names), limit)
    return tuple(PlacedLink(**row) for row in rows)
