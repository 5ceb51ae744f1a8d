"""The chunks of a document, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.documents import ReadableDocument
from syncd.adapters.postgres.statements import load_statement

_LIST_CHUNKS = load_statement("reading/list_chunks")
_LIST_PARTS = load_statement("reading/list_parts")
LAST_LINE = 2**31 - 1

# Content hash, format, title, chunker version, ordinal.
ChunkKey: TypeAlias = tuple[bytes, str, str, int, int]


@dataclass(frozen=True, slots=True)
class ReadableChunk:
    """A chunk at its place in a document. Lines count from 1, both ends included; characters from 0, half open."""

    ordinal: int
    headings: Sequence[str]
    anchor: str | None
    line_from: int
    line_to: int
    char_from: int
    char_to: int
    header: str
    body: str
    tokens: int


async def list_chunks(
    connection: Connection,
    document: ReadableDocument,
    *,
    lines: tuple[int, int] = (1, LAST_LINE),
    from_ordinal: int = 0,
    from_character: int = 0,
    limit: int,
) -> Sequence[ReadableChunk]:
    """Return at most *limit* chunks of a document that overlap *lines*, from *from_ordinal* and *from_character* on."""
    rows = await connection.fetch(
        _LIST_CHUNKS,
        document.content_hash,
        document.format,
        document.title,
        document.chunker_version,
        min(lines[0], LAST_LINE),
        min(lines[1], LAST_LINE),
        from_ordinal,
        from_character,
        limit,
    )
    return tuple(ReadableChunk(**row) for row in rows)


async def list_parts(connection: Connection, keys: Sequence[ChunkKey]) -> frozenset[ChunkKey]:
    """Return which of these chunks are parts of one long line: their lines alone do not tell them from their neighbours."""
    if not keys:
        return frozenset()
    rows = await connection.fetch(_LIST_PARTS, *(list(column) for column in zip(*keys, strict=True)))
    return frozenset(keys[row["number"] - 1] for row in rows)
