"""Cuts a project's documents anew after a new chunker, in small fenced steps: readers see each document by one complete layout, before or after."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from syncd.adapters.postgres.mirror import list_texts
from syncd.adapters.postgres.publishing import move_term_stats
from syncd.adapters.postgres.recutting import (
    OutdatedVersion,
    grow_project,
    list_outdated,
    mark_recut,
    move_layouts,
    remove_links,
)
from syncd.adapters.postgres.staging import add_anchors, add_links, add_outlines
from syncd.adapters.postgres.transactions import fenced, in_project
from syncd.core.chunking import CHUNKER_VERSION
from syncd.core.indexing import TextToIndex
from syncd.core.locks import Lock
from syncd.services.staging import BATCH_BLOBS, BATCH_BYTES, Store, store_texts

LISTED_VERSIONS = 2_000


async def recut_project(store: Store, lock: Lock, *, clock: Callable[[], datetime], until: datetime) -> bool:
    """Cut anew what an older chunker cut, until nothing is left (true) or the time has come (false).

    Raises `LeaseLost`. What was done before an error stays done: the next call goes on from there.
    """
    while True:
        async with in_project(store.pool, lock.tenant_id, lock.project_id) as connection:
            outdated = await list_outdated(connection, lock.project_id, limit=LISTED_VERSIONS)
        if not outdated:
            async with fenced(store.pool, lock) as connection:
                await mark_recut(connection, lock.project_id)
            return True
        for batch in _split(outdated):
            if clock() >= until:
                return False
            await _recut(store, lock, batch)


def _split(versions: Sequence[OutdatedVersion]) -> Iterator[Sequence[OutdatedVersion]]:
    batch: list[OutdatedVersion] = []
    for version in versions:
        batch.append(version)
        if len(batch) == BATCH_BLOBS or sum(one.size for one in batch) >= BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


async def _recut(store: Store, lock: Lock, versions: Sequence[OutdatedVersion]) -> None:
    """Stage the new layouts of some versions, as a sync would; then move versions, statistics and count in one transaction."""
    async with in_project(store.pool, lock.tenant_id, lock.project_id) as connection:
        texts = await list_texts(connection, {version.content_hash for version in versions})
    wanted = [TextToIndex(one.content_hash, texts[one.content_hash], one.format, one.path) for one in versions]
    indexed = await store.parsers.index_texts(wanted)
    distinct = list({(text.content_hash, text.format, text.title): text for text in indexed}.values())
    await store_texts(store, lock, (), distinct)
    moved = list(zip(versions, indexed, strict=True))
    current = [(version, text) for version, text in moved if version.is_current]
    async with fenced(store.pool, lock) as connection:
        await move_layouts(connection, lock.project_id, moved)
        grown = await move_term_stats(
            connection,
            lock.project_id,
            opened=[(text.content_hash, text.format, text.title, CHUNKER_VERSION) for _, text in current],
            closed=[(one.content_hash, one.format, one.title, one.chunker_version) for one, _ in current],
        )
        await grow_project(connection, lock.project_id, grown)
        await remove_links(connection, distinct)
        await add_links(connection, distinct)
        await add_anchors(connection, distinct)
        await add_outlines(connection, distinct)
