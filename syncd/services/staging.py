"""Brings the contents that a revision needs into the store, in small fenced transactions: a crash costs only what is missing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from syncd.adapters.parsing import Parsers
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.mirror import (
    has_vectors,
    list_known_blobs,
    list_known_chunks,
    list_known_layouts,
    list_texts,
)
from syncd.adapters.postgres.staging import NewBlob, add_blobs, add_chunks, add_links, add_places
from syncd.adapters.postgres.transactions import fenced, in_project
from syncd.core.decoding import DecodedText, decode
from syncd.core.documents import SkipReason
from syncd.core.hashing import content_hash
from syncd.core.ids import ProjectId
from syncd.core.indexing import IndexedText, TextToIndex
from syncd.core.locks import Lock
from syncd.core.paths import format_of
from syncd.core.revisions import Content
from syncd.core.sources import Source, SourceBlob, TreeEntry
from syncd.errors import SyncdError
from syncd.services.beside import raising_first

BATCH_BYTES = 2 * 1024 * 1024
BATCH_BLOBS = 100
BATCHES_IN_FLIGHT = 3


def ignore_progress(_project_id: ProjectId, _done: int, _total: int) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class Store:
    """Where contents go, who cuts them up, and who is told how many blobs of how many are staged."""

    pool: Pool
    parsers: Parsers
    report: Callable[[ProjectId, int, int], None] = ignore_progress


@dataclass(slots=True)
class Staged:
    """What staging found out: the content at each path, and the blobs that are not documents."""

    contents: dict[str, Content] = field(default_factory=dict)
    refused: dict[str, SkipReason] = field(default_factory=dict)
    fetched: int = 0


async def stage_contents(store: Store, lock: Lock, source: Source, wanted: Sequence[TreeEntry]) -> Staged:
    """Make sure that the content of every one of *wanted* is stored and cut into chunks; fetch only what is missing.

    Raises `LeaseLost`, and whatever the source raises.
    """
    staged = Staged()
    entries_by_sha: dict[str, list[TreeEntry]] = {}
    for entry in wanted:
        entries_by_sha.setdefault(entry.git_sha, []).append(entry)
    async with in_project(store.pool, lock.tenant_id, lock.project_id) as connection:
        known = await list_known_blobs(connection, entries_by_sha)
    await _stage_known(store, lock, entries_by_sha, known, staged)
    missing = [entries[0] for git_sha, entries in entries_by_sha.items() if git_sha not in known]
    if missing:
        await _stage_missing(store, lock, source, missing, entries_by_sha, staged)
    return staged


async def _stage_missing(
    store: Store,
    lock: Lock,
    source: Source,
    missing: Sequence[TreeEntry],
    entries_by_sha: Mapping[str, Sequence[TreeEntry]],
    staged: Staged,
) -> None:
    """Fetch, cut up and store in batches, a few at a time: while one is written the next is parsed and another fetched."""
    free = asyncio.Semaphore(BATCHES_IN_FLIGHT)

    async def stage(batch: Sequence[SourceBlob]) -> None:
        try:
            await _stage_fetched(store, lock, entries_by_sha, batch, staged)
        finally:
            free.release()
        staged.fetched += len(batch)
        store.report(lock.project_id, staged.fetched, len(missing))

    fetched = _Fetched(source.read_blobs(missing))
    with raising_first():
        async with asyncio.TaskGroup() as group:
            async for batch in _batch(fetched.read()):
                await free.acquire()
                group.create_task(stage(batch))
    # What came before the source failed is stored by now: the next look asks for the rest only.
    if fetched.failure:
        raise fetched.failure


class _Fetched:
    """The blobs of a source, ended instead of broken off where the source fails."""

    def __init__(self, blobs: AsyncIterator[SourceBlob]) -> None:
        self._blobs = blobs
        self.failure: SyncdError | None = None

    async def read(self) -> AsyncIterator[SourceBlob]:
        try:
            async for blob in self._blobs:
                yield blob
        except SyncdError as error:
            self.failure = error


async def _batch(blobs: AsyncIterator[SourceBlob]) -> AsyncIterator[Sequence[SourceBlob]]:
    batch: list[SourceBlob] = []
    size = 0
    async for blob in blobs:
        batch.append(blob)
        size += len(blob.content)
        if size >= BATCH_BYTES or len(batch) >= BATCH_BLOBS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def _stage_known(
    store: Store,
    lock: Lock,
    entries_by_sha: Mapping[str, Sequence[TreeEntry]],
    known: Mapping[str, bytes],
    staged: Staged,
) -> None:
    """Find the titles of contents that are stored; cut again those that have none for this format or file name."""
    async with in_project(store.pool, lock.tenant_id, lock.project_id) as connection:
        layouts = await list_known_layouts(connection, set(known.values()))
        uncut: list[tuple[TreeEntry, bytes]] = []
        for git_sha, stored_hash in known.items():
            for entry in entries_by_sha[git_sha]:
                titles = layouts.get((stored_hash, format_of(entry.path)), {})
                title = next((title for title, titled in titles.items() if titled), None)
                if title is None:
                    uncut.append((entry, stored_hash))
                else:
                    staged.contents[entry.path] = Content(stored_hash, title, titled=True)
        texts = await list_texts(connection, {stored_hash for _, stored_hash in uncut})
    for start in range(0, len(uncut), BATCH_BLOBS):
        part = uncut[start : start + BATCH_BLOBS]
        await _stage_texts(store, lock, [], [(entry, found, texts[found]) for entry, found in part], staged)


async def _stage_fetched(
    store: Store,
    lock: Lock,
    entries_by_sha: Mapping[str, Sequence[TreeEntry]],
    batch: Sequence[SourceBlob],
    staged: Staged,
) -> None:
    blobs: list[NewBlob] = []
    placed: list[tuple[TreeEntry, bytes, str]] = []
    for blob in batch:
        decoded = decode(blob.content)
        if not isinstance(decoded, DecodedText):
            staged.refused[blob.git_sha] = decoded
            continue
        key = content_hash(blob.content)
        blobs.append(NewBlob(key, blob.git_sha, blob.content, decoded.text, decoded.encoding, decoded.lines))
        placed.extend((entry, key, decoded.text) for entry in entries_by_sha[blob.git_sha])
    await _stage_texts(store, lock, blobs, placed, staged)


async def _stage_texts(
    store: Store,
    lock: Lock,
    blobs: Sequence[NewBlob],
    placed: Sequence[tuple[TreeEntry, bytes, str]],
    staged: Staged,
) -> None:
    """Cut up the texts at their paths, tokenise the chunks that are new, and store it all in one transaction."""
    texts = [TextToIndex(key, text, format_of(entry.path), entry.path) for entry, key, text in placed]
    indexed = await store.parsers.index_texts(texts)
    for (entry, key, _), text in zip(placed, indexed, strict=True):
        staged.contents[entry.path] = Content(key, text.title, text.titled)
    distinct = list({(text.content_hash, text.format, text.title): text for text in indexed}.values())
    async with in_project(store.pool, lock.tenant_id, lock.project_id) as connection:
        known = await list_known_chunks(connection, {key for text in distinct for key in text.hashes})
        vectors = await has_vectors(connection)
    passages = _list_new_passages(distinct, known)
    terms = await store.parsers.make_terms(list(passages.values()), vectors=vectors)
    async with fenced(store.pool, lock) as connection:
        await add_blobs(connection, blobs)
        await add_chunks(connection, distinct, terms=dict(zip(passages, terms, strict=True)), vectors=vectors)
        await add_places(connection, distinct)
        await add_links(connection, distinct)


def _list_new_passages(texts: Sequence[IndexedText], known: frozenset[bytes]) -> dict[bytes, tuple[str, str]]:
    return {
        key: (chunk.header, chunk.body)
        for text in texts
        for chunk, key in zip(text.chunks, text.hashes, strict=True)
        if key not in known
    }
