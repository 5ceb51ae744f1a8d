"""Runs the parsing of texts beside the event loop: a thread for a little, worker processes with limits for much."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from syncd.adapters.parsing.worker import DEFAULT_LIMITS, ParseLimits, Worker, WorkerGoneError
from syncd.core.indexing import ChunkTerms, IndexedText, TextToIndex, index_as_text, index_texts, make_terms

# Below this, starting or waking worker processes costs more than it saves.
INLINE_CHARACTERS = 200_000
# A text above this may take its reader seconds, were it made to: that is for a process that can be killed.
INLINE_TEXT_CHARACTERS = 50_000
SLICE_CHARACTERS = 100_000

Item = TypeVar("Item")
Made = TypeVar("Made")


class Parsers:
    """Cuts texts into chunks and chunks into search terms, in at most *workers* processes (0: in threads, without limits)."""

    def __init__(self, *, workers: int, limits: ParseLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._workers = workers
        self._free = asyncio.Semaphore(workers)
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()

    async def index_texts(self, texts: Sequence[TextToIndex]) -> tuple[IndexedText, ...]:
        """Return *texts* cut up, in their order; one whose reading goes beyond the limits is cut as plain text."""
        return await self._run(index_texts, texts, [len(text.text) for text in texts], instead=index_as_text)

    async def make_terms(self, passages: Sequence[tuple[str, str]], *, vectors: bool) -> tuple[ChunkTerms, ...]:
        """Return the search terms of each (header, body), in their order; *vectors*: weights as a sparsevec."""
        work = partial(make_terms, vectors=vectors)
        sizes = [len(header) + len(body) for header, body in passages]
        # A passage is too small to go beyond any limit by itself: its worker was killed by something else.
        return await self._run(work, passages, sizes, instead=lambda passage, _: work((passage,))[0])

    async def _run(
        self,
        work: Callable[[tuple[Item, ...]], tuple[Made, ...]],
        items: Sequence[Item],
        sizes: Sequence[int],
        *,
        instead: Callable[[Item, str], Made],
    ) -> tuple[Made, ...]:
        slices = list(_slice(items, sizes))
        is_little = sum(sizes) < INLINE_CHARACTERS and max(sizes, default=0) <= INLINE_TEXT_CHARACTERS
        if self._workers == 0 or is_little:
            parts = [await asyncio.to_thread(work, part) for part in slices]
        else:
            parts = await asyncio.gather(*(self._run_slice(work, part, instead=instead) for part in slices))
        return tuple(item for part in parts for item in part)

    async def _run_slice(
        self,
        work: Callable[[tuple[Item, ...]], tuple[Made, ...]],
        part: tuple[Item, ...],
        *,
        instead: Callable[[Item, str], Made],
        is_last: bool = False,
    ) -> tuple[Made, ...]:
        """Let a worker do it; where that fails, item by item, so that one fails alone. Who was killed by others is asked once more."""
        try:
            return await self._call_worker(work, part)
        except WorkerGoneError as gone:
            if len(part) == 1 and (gone.is_limit or is_last):
                return (await asyncio.to_thread(instead, part[0], str(gone)),)
        alone = [await self._run_slice(work, (item,), instead=instead, is_last=len(part) == 1) for item in part]
        return tuple(made for one in alone for made in one)

    async def _call_worker(
        self, work: Callable[[tuple[Item, ...]], tuple[Made, ...]], part: tuple[Item, ...]
    ) -> tuple[Made, ...]:
        async with self._free:
            worker = self._idle.pop() if self._idle else self._start_worker()
            is_well = False
            try:
                made = await asyncio.to_thread(worker.call, work, part)
                is_well = True
            finally:
                # One that was killed, or whose caller was cancelled, is in no state to be asked again.
                if is_well:
                    self._idle.append(worker)
                else:
                    worker.end()
                    self._all.discard(worker)
        return made

    def _start_worker(self) -> Worker:
        # At first need: most daemons never see that much text at once.
        worker = Worker(self._limits)
        self._all.add(worker)
        return worker

    def close(self) -> None:
        """End the workers; what they still do is dropped."""
        for worker in self._all:
            worker.close()


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


@asynccontextmanager
async def open_parsers(*, workers: int, limits: ParseLimits = DEFAULT_LIMITS) -> AsyncIterator[Parsers]:
    """Open parsers whose workers end with this context."""
    parsers = Parsers(workers=workers, limits=limits)
    try:
        yield parsers
    finally:
        await asyncio.to_thread(parsers.close)
