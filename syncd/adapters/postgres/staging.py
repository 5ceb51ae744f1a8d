"""Writes content ahead of the revision that will refer to it: blobs, chunks, their places, links. All by hash, all idempotent.

Rows go in by rising key, table after table in one order: two transactions that bring the same content wait, and never deadlock.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.contents import sharing_contents
from syncd.adapters.postgres.statements import load_statement
from syncd.core.chunking import CHUNKER_VERSION
from syncd.core.indexing import ChunkTerms, IndexedText

_ADD_BLOBS = load_statement("mirror/add_blobs")
_ADD_CHUNKS = load_statement("mirror/add_chunks")
_ADD_CHUNKS_WITHOUT_VECTORS = load_statement("mirror/add_chunks_without_vectors")
_ADD_PLACES = load_statement("mirror/add_places")
_ADD_LINKS = load_statement("mirror/add_links")
_ADD_ANCHORS = load_statement("mirror/add_anchors")
_ADD_OUTLINES = load_statement("mirror/add_outlines")
# What a key of the table holds.
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class NewBlob:
    """A content to store. *content* is kept beside the text where the text's UTF-8 is not the same bytes."""

    content_hash: bytes
    git_sha: str
    content: bytes
    text: str
    encoding: str
    lines: int


async def add_blobs(connection: Connection, blobs: Sequence[NewBlob]) -> None:
    """Stage contents that are not there yet."""
    blobs = sorted(blobs, key=lambda blob: blob.content_hash)
    await connection.execute(
        _ADD_BLOBS,
        [blob.content_hash for blob in blobs],
        [blob.git_sha for blob in blobs],
        [len(blob.content) for blob in blobs],
        [blob.lines for blob in blobs],
        [blob.encoding for blob in blobs],
        [blob.text for blob in blobs],
        [None if blob.encoding == "utf-8" else blob.content for blob in blobs],
    )


async def add_chunks(
    connection: Connection, texts: Sequence[IndexedText], *, terms: Mapping[bytes, ChunkTerms], vectors: bool
) -> None:
    """Stage those chunks of *texts* that have *terms*; the others are there already. *vectors*: pgvector is in use."""
    found = {
        chunk_hash: (chunk, text.format)
        for text in texts
        for chunk, chunk_hash in zip(text.chunks, text.hashes, strict=True)
        if chunk_hash in terms
    }
    chunks = {chunk_hash: found[chunk_hash] for chunk_hash in sorted(found)}
    statement = _ADD_CHUNKS if vectors else _ADD_CHUNKS_WITHOUT_VECTORS
    await connection.execute(
        statement,
        list(chunks),
        [chunk.header for chunk, _ in chunks.values()],
        [chunk.body for chunk, _ in chunks.values()],
        [text_format for _, text_format in chunks.values()],
        [chunk.tokens for chunk, _ in chunks.values()],
        [terms[key].term_ids for key in chunks],
        [terms[key].weights for key in chunks],
        CHUNKER_VERSION,
    )


async def add_places(connection: Connection, texts: Sequence[IndexedText]) -> None:
    """Stage where the chunks of *texts* stand."""
    rows = [
        (text, chunk, chunk_hash) for text in texts for chunk, chunk_hash in zip(text.chunks, text.hashes, strict=True)
    ]
    with sharing_contents():
        await connection.execute(
            _ADD_PLACES,
            [text.content_hash for text, _, _ in rows],
            [text.format for text, _, _ in rows],
            [text.title for text, _, _ in rows],
            [text.titled for text, _, _ in rows],
            [chunk.ordinal for _, chunk, _ in rows],
            [chunk_hash for _, _, chunk_hash in rows],
            [json.dumps(chunk.headings) for _, chunk, _ in rows],
            [chunk.anchor for _, chunk, _ in rows],
            [chunk.line_from for _, chunk, _ in rows],
            [chunk.line_to for _, chunk, _ in rows],
            [chunk.char_from for _, chunk, _ in rows],
            [chunk.char_to for _, chunk, _ in rows],
            CHUNKER_VERSION,
        )


async def add_links(connection: Connection, texts: Sequence[IndexedText]) -> None:
    """Stage the links of *texts*."""
    rows = [(text, ordinal, link) for text in sorted(texts, key=_layout_key) for ordinal, link in enumerate(text.links)]
    with sharing_contents():
        await connection.execute(
            _ADD_LINKS,
            [text.content_hash for text, _, _ in rows],
            [text.format for text, _, _ in rows],
            [ordinal for _, ordinal, _ in rows],
            [link.line for _, _, link in rows],
            [link.target for _, _, link in rows],
            [link.text for _, _, link in rows],
            [link.kind for _, _, link in rows],
        )


async def add_outlines(connection: Connection, texts: Sequence[IndexedText]) -> None:
    """Stage what *texts* say of themselves."""
    texts = sorted(texts, key=_layout_key)
    with sharing_contents():
        await connection.execute(
            _ADD_OUTLINES,
            [text.content_hash for text in texts],
            [text.format for text in texts],
            [text.language for text in texts],
            [json.dumps(dict(text.metadata)) for text in texts],
            [text.fallback for text in texts],
        )


async def add_anchors(connection: Connection, texts: Sequence[IndexedText]) -> None:
    """Stage the names that links to *texts* may end in; of equal ones the first."""
    rows = [
        (text, name, anchor)
        for text in sorted(texts, key=_layout_key)
        for name, anchor in sorted({anchor.name[:_MAX_NAME]: anchor for anchor in reversed(text.anchors)}.items())
    ]
    with sharing_contents():
        await connection.execute(
            _ADD_ANCHORS,
            [text.content_hash for text, _, _ in rows],
            [text.format for text, _, _ in rows],
            [name for _, name, _ in rows],
            [anchor.line for _, _, anchor in rows],
            [anchor.is_label for _, _, anchor in rows],
        )


def _layout_key(text: IndexedText) -> tuple[bytes, str, str]:
    return (text.content_hash, text.format, text.title)
