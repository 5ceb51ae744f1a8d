"""Models as a search asks them: within a deadline, rested when they fail, and an answer that came too late is kept for the next who asks."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from syncd.core.meaning import Embedder, Reranker, Unavailable, Vector
from syncd.errors import SyncdError

CACHED_QUERIES = 1_000
CACHE_SECONDS = 600.0
# What was not answered in time is waited for beside the search: else a connection that takes longer to open than a query may
# wait would never be opened.
LATE_SECONDS = 5.0
MOST_UNDER_WAY = 32
FAILURES_TO_REST = 3
REST_SECONDS = 5.0

logger = logging.getLogger("syncd.models")


@dataclass(slots=True)
class _Rest:
    """When a model may be asked again: after some failures in a row it is left alone for a while."""

    monotonic: Callable[[], float]
    failures: int = 0
    until: float = field(default=float("-inf"))

    @property
    def is_due(self) -> bool:
        return self.monotonic() < self.until

    def note(self, *, failed: bool) -> None:
        self.failures = self.failures + 1 if failed else 0
        if self.failures >= FAILURES_TO_REST:
            self.until = self.monotonic() + REST_SECONDS


class QueryEmbedder:
    """The vectors of queries. Its tasks belong to *group*."""

    def __init__(
        self, embedder: Embedder, group: asyncio.TaskGroup, *, seconds: float, monotonic: Callable[[], float]
    ) -> None:
        self.model = embedder.model
        self._embedder = embedder
        self._group = group
        self._seconds = seconds
        self._monotonic = monotonic
        self._rest = _Rest(monotonic)
        self._known: OrderedDict[str, tuple[float, Vector]] = OrderedDict()
        self._tasks: set[asyncio.Task[Vector | Unavailable]] = set()
        self._under_way: dict[str, asyncio.Task[Vector | Unavailable]] = {}

    def begin(self, text: str) -> Awaitable[Vector | Unavailable]:
        """Begin to ask for the vector of *text*; what is returned may be awaited later, or not at all."""
        return self._begin(self.embed(text))

    def _begin(self, asked: Coroutine[None, None, Vector | Unavailable]) -> asyncio.Task[Vector | Unavailable]:
        task = self._group.create_task(asked)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def give_up(self) -> None:
        """End what is under way."""
        for task in list(self._tasks):
            task.cancel()

    async def embed(self, text: str) -> Vector | Unavailable:
        """Return the vector of *text*, or why there is none in time."""
        known = self._known.get(text)
        if known is not None and self._monotonic() < known[0]:
            self._known.move_to_end(text)
            return known[1]
        task = self._under_way.get(text)
        if task is None:
            if self._rest.is_due:
                return Unavailable("the embedding model does not answer")
            if len(self._under_way) >= MOST_UNDER_WAY:
                return Unavailable("the embedding model is busy")
            task = self._under_way[text] = self._begin(self._ask(text))
            task.add_done_callback(lambda _: self._under_way.pop(text, None))
        done, _ = await asyncio.wait({task}, timeout=self._seconds)
        if not done:
            self._rest.note(failed=True)
            return Unavailable(f"the embedding model did not answer within {self._seconds:g} s")
        return task.result()

    async def _ask(self, text: str) -> Vector | Unavailable:
        try:
            async with asyncio.timeout(LATE_SECONDS):
                (vector,) = await self._embedder.embed([text], kind="query")
        except (SyncdError, TimeoutError) as error:
            return _explain_failure(self._rest, error, "embedding")
        self._rest.note(failed=False)
        self._known[text] = (self._monotonic() + CACHE_SECONDS, vector)
        self._known.move_to_end(text)
        if len(self._known) > CACHED_QUERIES:
            self._known.popitem(last=False)
        return vector


@asynccontextmanager
async def open_query_embedder(
    embedder: Embedder, *, seconds: float, monotonic: Callable[[], float]
) -> AsyncIterator[QueryEmbedder]:
    """Open what embeds queries; what is still asked for at the end is given up."""
    async with asyncio.TaskGroup() as group:
        opened = QueryEmbedder(embedder, group, seconds=seconds, monotonic=monotonic)
        try:
            yield opened
        finally:
            opened.give_up()


class QueryReranker:
    """The relevance of passages to queries; nothing is kept, and nothing waited for beyond the deadline."""

    def __init__(self, reranker: Reranker, *, seconds: float, monotonic: Callable[[], float]) -> None:
        self._reranker = reranker
        self._seconds = seconds
        self._rest = _Rest(monotonic)

    async def rerank(self, query: str, passages: Sequence[str]) -> Sequence[float] | Unavailable:
        """Return the relevance of each passage, or why there is none in time."""
        if self._rest.is_due:
            return Unavailable("the reranking model does not answer")
        try:
            async with asyncio.timeout(self._seconds):
                relevances = await self._reranker.rerank(query, passages)
        except TimeoutError:
            self._rest.note(failed=True)
            return Unavailable(f"the reranking model did not answer within {self._seconds:g} s")
        except SyncdError as error:
            return _explain_failure(self._rest, error, "reranking")
        self._rest.note(failed=False)
        return relevances


def _explain_failure(rest: _Rest, error: SyncdError | TimeoutError, what: str) -> Unavailable:
    """Note a failure, and say it to the agent without telling where the model is; the log has the rest."""
    rest.note(failed=True)
    code = error.code if isinstance(error, SyncdError) else "timeout"
    logger.warning("model_failed", extra={"model": what, "code": code, "error": str(error)})
    return Unavailable(f"the {what} model failed ({code})")
