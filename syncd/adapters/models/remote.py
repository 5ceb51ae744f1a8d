"""Models behind HTTP: embeddings as OpenAI's API has them, reranking as Cohere's has it. Many servers speak both."""

import asyncio
import math
from collections.abc import Sequence

import aiohttp

from syncd.adapters.beside import raising_first
from syncd.adapters.models.endpoint import Endpoint, Refused, make_invalid, post_json
from syncd.core.meaning import EmbeddingModel, Kind, Vector, make_unit_vector

EMBED_SECONDS = 60.0
# As JSON writes numbers: 17 digits, sign, point, exponent and comma.
_NUMBER_BYTES = 26
_MAX_NUMBERS = 4_096
_ENVELOPE_BYTES = 64 * 1024
_RESULT_BYTES = 16 * 1024  # some repeat the document
LEAST_CHARACTERS = 100


class RemoteEmbedder:
    """Asks `POST {url}/embeddings`, *batch* texts at a time and *concurrency* requests at once at most."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: Endpoint,
        model: EmbeddingModel,
        *,
        query_prefix: str,
        batch: int,
        concurrency: int,
        seconds: float = EMBED_SECONDS,
    ) -> None:
        self._session = session
        self._endpoint = endpoint
        self._model = model
        self._prefixes: dict[Kind, str] = {"query": query_prefix, "document": model.document_prefix}
        self._batch = batch
        self._turns = asyncio.Semaphore(concurrency)
        self._seconds = seconds

    @property
    def model(self) -> EmbeddingModel:
        """Whose vectors they are."""
        return self._model

    async def embed(self, texts: Sequence[str], *, kind: Kind) -> Sequence[Vector]:
        """Return a vector for each text. Raises `RetryLater` and `Stalled`: the first failure ends the others."""
        prefixed = [self._prefixes[kind] + text for text in texts]
        batches = [prefixed[start : start + self._batch] for start in range(0, len(prefixed), self._batch)]
        with raising_first():
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._embed_batch(batch)) for batch in batches]
        vectors = [vector for task in tasks for vector in task.result()]
        if len({len(vector) for vector in vectors}) > 1:
            raise make_invalid(self._endpoint, "embeddings", "vectors of several dimensions")
        return vectors

    async def _embed_batch(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Return the vectors of a batch; what is refused as too much is asked in halves, and a text that is too long is cut."""
        try:
            async with self._turns:
                return await self._ask(texts)
        except Refused as error:
            if not error.may_be_too_much:
                raise
            if len(texts) > 1:
                middle = len(texts) // 2
                return [*await self._embed_batch(texts[:middle]), *await self._embed_batch(texts[middle:])]
            shorter = texts[0][: len(texts[0]) // 2]
            if len(shorter) < LEAST_CHARACTERS:
                raise
            return await self._embed_batch([shorter])

    async def _ask(self, texts: Sequence[str]) -> Sequence[Vector]:
        body = {"model": self._model.name, "input": list(texts), "encoding_format": "float"}
        answer = await post_json(
            self._session,
            self._endpoint,
            "embeddings",
            body,
            seconds=self._seconds,
            max_bytes=_ENVELOPE_BYTES + len(texts) * _MAX_NUMBERS * _NUMBER_BYTES,
        )
        try:
            return _read_vectors(answer, len(texts))
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise make_invalid(self._endpoint, "embeddings", f"{error}") from error


def _read_vectors(answer: object, count: int) -> Sequence[Vector]:
    """Return the vectors of an answer in the order of the texts: entries say which text they are of, in any order."""
    entries = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(entries, list) or len(entries) != count:
        raise ValueError(f"not the {count} vectors that were asked for")
    vectors = {_read_index(entry, count): make_unit_vector(entry["embedding"]) for entry in entries}
    if len(vectors) != count:
        raise ValueError("two vectors for one text")
    return [vectors[index] for index in range(count)]


def _read_index(entry: dict[str, object], count: int) -> int:
    index = entry["index"]
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < count:
        raise ValueError("an index of no text")
    return index


class RemoteReranker:
    """Asks `POST {url}/rerank`."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: Endpoint, model: str, *, seconds: float) -> None:
        self._session = session
        self._endpoint = endpoint
        self._model = model
        self._seconds = seconds

    async def rerank(self, query: str, passages: Sequence[str]) -> Sequence[float]:
        """Return a relevance for each passage; only their order means something. Raises `RetryLater` and `Stalled`."""
        body = {"model": self._model, "query": query, "documents": list(passages), "top_n": len(passages)}
        answer = await post_json(
            self._session,
            self._endpoint,
            "rerank",
            body,
            seconds=self._seconds,
            max_bytes=_ENVELOPE_BYTES + len(passages) * _RESULT_BYTES,
        )
        try:
            return _read_relevances(answer, len(passages))
        except (ValueError, TypeError, KeyError) as error:
            raise make_invalid(self._endpoint, "rerank", f"{error}") from error


def _read_relevances(answer: object, count: int) -> Sequence[float]:
    entries = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(entries, list) or len(entries) != count:
        raise ValueError(f"not the {count} results that were asked for")
    relevances = {_read_index(entry, count): _read_relevance(entry) for entry in entries}
    if len(relevances) != count:
        raise ValueError("two results for one passage")
    return [relevances[index] for index in range(count)]


def _read_relevance(entry: dict[str, object]) -> float:
    score = entry["relevance_score"]
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        raise ValueError("a relevance that is no finite number")
    return float(score)
