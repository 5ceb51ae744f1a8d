"""Runs the parsing of texts beside the event loop: a thread for a little, worker processes for much."""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from syncd.core.indexing import ChunkTerms, IndexedText, TextToIndex, index_texts, make_terms

# Below this, starting or waking worker processes costs more than it saves.
INLINE_CHARACTERS = 200_000
SLICE_CHARACTERS = 100_000
_PR_SET_PDEATHSIG = 1

Item = TypeVar("Item")
Made = TypeVar("Made")


class Parsers:
    """Cuts texts into chunks and chunks into search terms, in at most *workers* processes (0: in threads only)."""

    def __init__(self, *, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    async def index_texts(self, texts: Sequence[TextToIndex]) -> tuple[IndexedText, ...]:
        """Return *texts* cut up, in their order."""
        return await self._run(index_texts, texts, [len(text.text) for text in texts])

    async def make_terms(self, passages: Sequence[tuple[str, str]], *, vectors: bool) -> tuple[ChunkTerms, ...]:
        """Return the search terms of each (header, body), in their order; *vectors*: weights as a sparsevec."""
        sizes = [len(header) + len(body) for header, body in passages]
        return await self._run(partial(make_terms, vectors=vectors), passages, sizes)

    async def _run(
        self, work: Callable[[tuple[Item, ...]], tuple[Made, ...]], items: Sequence[Item], sizes: Sequence[int]
    ) -> tuple[Made, ...]:
        slices = list(_slice(items, sizes))
        if self._workers == 0 or sum(sizes) < INLINE_CHARACTERS:
            parts = [await asyncio.to_thread(work, part) for part in slices]
        else:
            loop = asyncio.get_running_loop()
            parts = await asyncio.gather(*(loop.run_in_executor(self._open_pool(), work, part) for part in slices))
        return tuple(item for part in parts for item in part)

    def _open_pool(self) -> ProcessPoolExecutor:
        # Opened at first need and from the main thread: most daemons never see that much text at once.
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_end_with_parent,
                initargs=(os.getpid(),),
            )
        return self._pool

    def close(self) -> None:
        """End the workers; what they still do is dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def _slice(items: Sequence[Item], sizes: Sequence[int]) -> Iterator[tuple[Item, ...]]:
    part: list[Item] = []
    characters = 0
    for item, size in zip(items, sizes, strict=True):
        part.append(item)
        characters += size
        if characters >= SLICE_CHARACTERS:
            yield tuple(part)
            part, characters = [], 0
    if part:
        yield tuple(part)


def _end_with_parent(parent: int) -> None:
    """Make this worker end when the daemon is killed: it would wait for work for ever (its own end of the queue stays open)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


@asynccontextmanager
async def open_parsers(*, workers: int) -> AsyncIterator[Parsers]:
    """Open parsers whose workers end with this context."""
    parsers = Parsers(workers=workers)
    try:
        yield parsers
    finally:
        await asyncio.to_thread(parsers.close)
