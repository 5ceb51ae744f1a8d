"""Brings the contents that a revision needs into the store, in small fenced transactions: a crash costs only what is missing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from syncd.adapters.beside import raising_first
from syncd.adapters.parsing.parsers import Parsers
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.mirror import (
    has_vectors,
    list_known_blobs,
    list_known_chunks,
    list_known_layouts,
    list_texts,
)
from syncd.adapters.postgres.staging import (
    NewBlob,
    add_anchors,
    add_blobs,
    add_chunks,
    add_links,
    add_outlines,
    add_places,
)
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
from syncd.services.stopwatch import Stopwatch

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


async def stage_contents(
    store: Store, lock: Lock, source: Source, wanted: Sequence[TreeEntry], *, watch: Stopwatch
) -> Staged:
    """Make sure that the content of every one of *wanted* is stored and cut into chunks; fetch only what is missing.

    *watch* counts the waiting for the source (fetch) and the cutting and storing (chunk, summed over batches that go on side
    by side). Raises `LeaseLost`, and whatever the source raises: what came before that is stored.
    """
    staging = _Staging(store, lock, wanted, watch)
    async with in_project(store.pool, lock.tenant_id, lock.project_id) as connection:
        known = await list_known_blobs(connection, staging.entries)
        staging.vectors = await has_vectors(connection)
    await staging.stage_known(known)
    missing = [entries[0] for git_sha, entries in staging.entries.items() if git_sha not in known]
    if missing:
        await staging.stage_missing(source, missing)
    return staging.staged


class _Fetched:
    """The blobs of a source, ended instead of broken off where the source fails."""

    def __init__(self, blobs: AsyncIterator[SourceBlob], watch: Stopwatch) -> None:
        self._blobs = aiter(blobs)
        self._watch = watch
        self.failure: SyncdError | None = None

    async def list_batches(self) -> AsyncIterator[Sequence[SourceBlob]]:
        """Yield the blobs in batches of bounded size."""
        batch: list[SourceBlob] = []
        while (blob := await self._find_next()) is not None:
            batch.append(blob)
            if len(batch) >= BATCH_BLOBS or sum(len(one.content) for one in batch) >= BATCH_BYTES:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _find_next(self) -> SourceBlob | None:
        with self._watch.phase("fetch"):
            try:
                return await anext(self._blobs, None)
            except SyncdError as error:
                self.failure = error
                return None


class _Staging:
    """One staging: what is wanted, by blob, and what was found out about it."""

    def __init__(self, store: Store, lock: Lock, wanted: Sequence[TreeEntry], watch: Stopwatch) -> None:
        self._store = store
        self._lock = lock
        self._watch = watch
        self.staged = Staged()
        self.vectors = False
        self.entries: dict[str, list[TreeEntry]] = {}
        for entry in wanted:
            self.entries.setdefault(entry.git_sha, []).append(entry)

    async def stage_known(self, known: Mapping[str, bytes]) -> None:
        """Find the titles of contents that are stored; cut again those that have none for this format or file name."""
        async with in_project(self._store.pool, self._lock.tenant_id, self._lock.project_id) as connection:
            layouts = await list_known_layouts(connection, set(known.values()))
            uncut: list[tuple[TreeEntry, bytes]] = []
            for git_sha, stored_hash in known.items():
                for entry in self.entries[git_sha]:
                    titles = layouts.get((stored_hash, format_of(entry.path)), {})
                    title = next((title for title, titled in titles.items() if titled), None)
                    if title is None:
                        uncut.append((entry, stored_hash))
                    else:
                        self.staged.contents[entry.path] = Content(stored_hash, title, titled=True)
            texts = await list_texts(connection, {stored_hash for _, stored_hash in uncut})
        for start in range(0, len(uncut), BATCH_BLOBS):
            part = uncut[start : start + BATCH_BLOBS]
            await self._stage_texts([], [(entry, found, texts[found]) for entry, found in part])

    async def stage_missing(self, source: Source, missing: Sequence[TreeEntry]) -> None:
        """Fetch, cut up and store in batches, a few at a time: while one is written the next is parsed and another fetched."""
        free = asyncio.Semaphore(BATCHES_IN_FLIGHT)

        async def stage(batch: Sequence[SourceBlob]) -> None:
            try:
                await self._stage_fetched(batch)
            finally:
                free.release()
            self.staged.fetched += len(batch)
            self._store.report(self._lock.project_id, self.staged.fetched, len(missing))

        fetched = _Fetched(source.read_blobs(missing), self._watch)
        with raising_first():
            async with asyncio.TaskGroup() as group:
                async for batch in fetched.list_batches():
                    await free.acquire()
                    group.create_task(stage(batch))
        # What came before the source failed is stored by now: the next look asks for the rest only.
        if fetched.failure:
            raise fetched.failure

    async def _stage_fetched(self, batch: Sequence[SourceBlob]) -> None:
        blobs: list[NewBlob] = []
        placed: list[tuple[TreeEntry, bytes, str]] = []
        for blob in batch:
            decoded = decode(blob.content)
            if not isinstance(decoded, DecodedText):
                self.staged.refused[blob.git_sha] = decoded
                continue
            key = content_hash(blob.content)
            blobs.append(NewBlob(key, blob.git_sha, blob.content, decoded.text, decoded.encoding, decoded.lines))
            placed.extend((entry, key, decoded.text) for entry in self.entries[blob.git_sha])
        await self._stage_texts(blobs, placed)

    async def _stage_texts(self, blobs: Sequence[NewBlob], placed: Sequence[tuple[TreeEntry, bytes, str]]) -> None:
        """Cut up the texts at their paths, tokenise the chunks that are new, and store it all in one transaction."""
        with self._watch.phase("chunk"):
            texts = [TextToIndex(key, text, format_of(entry.path), entry.path) for entry, key, text in placed]
            indexed = await self._store.parsers.index_texts(texts)
            for (entry, key, _), text in zip(placed, indexed, strict=True):
                self.staged.contents[entry.path] = Content(key, text.title, text.titled)
            distinct = list({(text.content_hash, text.format, text.title): text for text in indexed}.values())
            await store_texts(self._store, self._lock, blobs, distinct)


async def store_texts(store: Store, lock: Lock, blobs: Sequence[NewBlob], texts: Sequence[IndexedText]) -> None:
    """Tokenise those chunks of *texts* that are new, and store everything in one transaction."""
    async with in_project(store.pool, lock.tenant_id, lock.project_id) as connection:
        known = await list_known_chunks(connection, {key for text in texts for key in text.hashes})
        vectors = await has_vectors(connection)
    passages = _list_new_passages(texts, known)
    terms = await store.parsers.make_terms(list(passages.values()), vectors=vectors)
    async with fenced(store.pool, lock) as connection:
        await add_blobs(connection, blobs)
        await add_chunks(connection, texts, terms=dict(zip(passages, terms, strict=True)), vectors=vectors)
        await add_places(connection, texts)
        await add_links(connection, texts)
        await add_anchors(connection, texts)
        await add_outlines(connection, texts)


def _list_new_passages(texts: Sequence[IndexedText], known: frozenset[bytes]) -> dict[bytes, tuple[str, str]]:
    return {
        # What shows nothing is not found by the headings above it either.
        key: (chunk.header, chunk.body) if chunk.body.strip() else ("", "")
        for text in texts
        for chunk, key in zip(text.chunks, text.hashes, strict=True)
        if key not in known
    }
