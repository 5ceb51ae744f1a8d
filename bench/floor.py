"""The bare floor of an import: hash, chunk, tokenise, and one transaction of the same rows by the plain driver.

The tables have the same columns and indexes as ours, without row-level security, fences, triggers and foreign keys. Nothing
is asked before it is written, nothing could be resumed, and a second revision would need another program.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import asyncpg

from syncd.core.chunking import CHUNKER_VERSION, Chunk
from syncd.core.decoding import DecodedText, decode
from syncd.core.hashing import content_hash, git_blob_sha
from syncd.core.indexing import ChunkTerms, IndexedText, TextToIndex, index_texts, make_terms
from syncd.core.paths import format_of

TABLES = ("blobs", "chunks", "document_chunks", "links", "documents", "document_versions", "term_stats")
SLICE = 50
CHUNK_ROWS = 1000

_ADD_CHUNKS = """
insert into floor.chunks (tenant_id, chunk_hash, header, body, format, chunker_version, tokens, term_ids, terms)
select $1, n.chunk_hash, n.header, n.body, n.format, $9, n.tokens, n.term_ids::integer[], n.terms::sparsevec
from unnest($2::bytea[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::text[], $8::text[])
    as n (chunk_hash, header, body, format, tokens, term_ids, terms)
"""
_PLACE_COLUMNS = [
    "tenant_id",
    "content_hash",
    "format",
    "title",
    "chunker_version",
    "ordinal",
    "chunk_hash",
    "titled",
    "headings",
    "anchor",
    "line_from",
    "line_to",
    "char_from",
    "char_to",
]
_VERSION_COLUMNS = [
    "tenant_id",
    "project_id",
    "document_id",
    "version",
    "content_hash",
    "path",
    "format",
    "title",
    "titled",
    "revision_from",
]

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class File:
    """A document as it was read."""

    path: str
    git_sha: str
    content_hash: bytes
    size: int
    text: DecodedText


@dataclass(frozen=True, slots=True)
class FloorRun:
    """How long the floor took, and how much it wrote."""

    seconds: float
    chunks: int
    milliseconds: dict[str, float]


async def prepare_floor(connection: asyncpg.Connection) -> None:
    """Make the plain tables anew: our columns and indexes, nothing else."""
    await connection.execute("drop schema if exists floor cascade; create schema floor")
    for table in TABLES:
        await connection.execute(
            f"create table floor.{table} (like syncd.{table} including defaults including indexes including storage)"
        )


async def run_floor(
    connection: asyncpg.Connection, directory: Path, files: Sequence[Path], *, pool: ProcessPoolExecutor | None
) -> FloorRun:
    """Import *files* with as many processes as *pool* has (none: this one)."""
    begun = time.monotonic()
    found = [_read(path, directory) for path in files]
    read = time.monotonic()
    texts = [TextToIndex(file.content_hash, file.text.text, format_of(file.path), file.path) for file in found]
    indexed = _spread(pool, index_texts, texts)
    cut = time.monotonic()
    chunks = {key: (chunk, text) for text in indexed for chunk, key in zip(text.chunks, text.hashes, strict=True)}
    terms = _spread(pool, _make_terms, [(chunk.header, chunk.body) for chunk, _ in chunks.values()])
    tokenised = time.monotonic()
    async with connection.transaction():
        await _write(connection, found, indexed, chunks=chunks, terms=terms)
    done = time.monotonic()
    marks = {"read": read - begun, "chunk": cut - read, "terms": tokenised - cut, "write": done - tokenised}
    return FloorRun(done - begun, len(chunks), {name: round(spent * 1000) for name, spent in marks.items()})


def _read(path: Path, directory: Path) -> File:
    content = path.read_bytes()
    text = decode(content)
    assert isinstance(text, DecodedText)
    return File(str(path.relative_to(directory)), git_blob_sha(content), content_hash(content), len(content), text)


def _make_terms(passages: tuple[tuple[str, str], ...]) -> tuple[ChunkTerms, ...]:
    return make_terms(passages, vectors=True)


def _spread(
    pool: ProcessPoolExecutor | None, work: Callable[[tuple[Item, ...]], tuple[Made, ...]], items: Sequence[Item]
) -> list[Made]:
    slices = [tuple(items[start : start + SLICE]) for start in range(0, len(items), SLICE)]
    made = map(work, slices) if pool is None else pool.map(work, slices)
    return [one for part in made for one in part]


async def _write(
    connection: asyncpg.Connection,
    files: Sequence[File],
    indexed: Sequence[IndexedText],
    *,
    chunks: dict[bytes, tuple[Chunk, IndexedText]],
    terms: Sequence[ChunkTerms],
) -> None:
    tenant, project = uuid4(), uuid4()
    blobs = {file.content_hash: file for file in files}
    await _copy(
        connection,
        "blobs",
        ["tenant_id", "content_hash", "git_sha", "size", "lines", "encoding", "text", "bytes"],
        [
            (tenant, f.content_hash, f.git_sha, f.size, f.text.lines, f.text.encoding, f.text.text, None)
            for f in blobs.values()
        ],
    )
    rows = list(zip(chunks.items(), terms, strict=True))
    for start in range(0, len(rows), CHUNK_ROWS):
        await _add_chunks(connection, tenant, rows[start : start + CHUNK_ROWS])
    await _copy(connection, "document_chunks", _PLACE_COLUMNS, _place_rows(tenant, indexed))
    await _copy(
        connection,
        "links",
        ["tenant_id", "content_hash", "format", "ordinal", "line", "target", "text"],
        [
            (tenant, text.content_hash, text.format, ordinal, link.line, link.target, link.text)
            for text in indexed
            for ordinal, link in enumerate(text.links)
        ],
    )
    ids = [uuid4() for _ in files]
    await _copy(
        connection, "documents", ["tenant_id", "project_id", "document_id"], [(tenant, project, i) for i in ids]
    )
    versions = [
        (tenant, project, i, 1, file.content_hash, file.path, text.format, text.title, text.titled, 1)
        for i, file, text in zip(ids, files, indexed, strict=True)
    ]
    await _copy(connection, "document_versions", _VERSION_COLUMNS, versions)
    frequencies = _count_frequencies(indexed, dict(zip(chunks, terms, strict=True)))
    await _copy(
        connection,
        "term_stats",
        ["tenant_id", "project_id", "term_id", "document_frequency"],
        [(tenant, project, term, count) for term, count in frequencies.items()],
    )


async def _add_chunks(
    connection: asyncpg.Connection,
    tenant: UUID,
    rows: Sequence[tuple[tuple[bytes, tuple[Chunk, IndexedText]], ChunkTerms]],
) -> None:
    await connection.execute(
        _ADD_CHUNKS,
        tenant,
        [key for (key, _), _ in rows],
        [chunk.header for (_, (chunk, _)), _ in rows],
        [chunk.body for (_, (chunk, _)), _ in rows],
        [text.format for (_, (_, text)), _ in rows],
        [chunk.tokens for (_, (chunk, _)), _ in rows],
        [made.term_ids for _, made in rows],
        [made.weights for _, made in rows],
        CHUNKER_VERSION,
    )


def _place_rows(tenant: UUID, indexed: Sequence[IndexedText]) -> list[tuple[object, ...]]:
    return [
        (
            tenant,
            text.content_hash,
            text.format,
            text.title,
            CHUNKER_VERSION,
            chunk.ordinal,
            key,
            text.titled,
            list(chunk.headings),
            chunk.anchor,
            chunk.line_from,
            chunk.line_to,
            chunk.char_from,
            chunk.char_to,
        )
        for text in indexed
        for chunk, key in zip(text.chunks, text.hashes, strict=True)
    ]


def _count_frequencies(indexed: Sequence[IndexedText], terms: dict[bytes, ChunkTerms]) -> Counter[int]:
    frequencies: Counter[int] = Counter()
    for text in indexed:
        for key in text.hashes:
            frequencies.update(map(int, terms[key].term_ids[1:-1].split(",")))
    return frequencies


async def _copy(
    connection: asyncpg.Connection, table: str, columns: list[str], rows: Sequence[tuple[object, ...]]
) -> None:
    await connection.copy_records_to_table(table, schema_name="floor", columns=columns, records=rows)
