"""The chunks of a document, in order."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.documents import ReadableDocument
from syncd.adapters.postgres.statements import load_statement

_LIST_CHUNKS = load_statement("reading/list_chunks")
LAST_LINE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ReadableChunk:
    """A chunk at its place in a document. Lines count from 1, both ends included."""

    ordinal: int
    headings: Sequence[str]
    anchor: str | None
    line_from: int
    line_to: int
    header: str
    body: str
    tokens: int


async def list_chunks(
    connection: Connection,
    document: ReadableDocument,
    *,
    lines: tuple[int, int] = (1, LAST_LINE),
    from_ordinal: int = 0,
    limit: int,
) -> Sequence[ReadableChunk]:
    """Return at most *limit* chunks of a document that overlap *lines*, from *from_ordinal* on."""
    rows = await connection.fetch(
        _LIST_CHUNKS,
        document.content_hash,
        document.format,
        document.title,
        document.chunker_version,
        min(lines[0], LAST_LINE),
        min(lines[1], LAST_LINE),
        from_ordinal,
        limit,
    )
    return tuple(ReadableChunk(**row) for row in rows)
