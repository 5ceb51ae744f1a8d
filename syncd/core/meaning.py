"""Vectors of texts: whose they are, which passages of a chunk are embedded, and which answers of a model can be believed."""

import hashlib
import math
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

# Stands in the key of a model: other rules by which passages are made, or vectors are stored, are another model.
PASSAGE_VERSION = 1
MAX_DIMENSIONS = 4_000  # a row of Postgres holds no more of them, at two bytes each
EVERY_TENANT = "*"
LOCAL_TEXTS = 16
LOCAL_MODEL = "all-MiniLM-L6-v2"
_BREAK = re.compile(r"\n\n+|\n|(?<=[.!?]) |\s")

Vector: TypeAlias = Sequence[float]
Kind: TypeAlias = Literal["query", "document"]


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """What makes vectors comparable: the model's name, what is put before a document, and how long a passage is."""

    name: str
    document_prefix: str
    passage_characters: int

    @property
    def key(self) -> str:
        """Return what its vectors are stored under: the name, and a mark of the rest."""
        rest = f"{PASSAGE_VERSION}\n{self.passage_characters}\n{self.document_prefix}"
        return f"{self.name}#{hashlib.sha256(rest.encode()).hexdigest()[:8]}"


class Embedder(Protocol):
    """Turns texts into vectors of length 1, all of one model."""

    @property
    def model(self) -> EmbeddingModel:
        """Whose vectors they are."""

    async def embed(self, texts: Sequence[str], *, kind: Kind) -> Sequence[Vector]:
        """Return a vector for each text. Raises `RetryLater` and `Stalled`."""


class Reranker(Protocol):
    """Says how well passages answer a query, having read both."""

    async def rerank(self, query: str, passages: Sequence[str]) -> Sequence[float]:
        """Return a relevance for each passage; only their order means something. Raises `RetryLater` and `Stalled`."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why help was not to be had: a sentence for whoever asked."""

    reason: str


EmbedQuery: TypeAlias = Callable[[str], Awaitable[Vector | Unavailable]]
Rerank: TypeAlias = Callable[[str, Sequence[str]], Awaitable[Sequence[float] | Unavailable]]


@dataclass(frozen=True, slots=True)
class Help:
    """What one search may ask of models, each within a deadline: the vector of a query of *model*, and how relevant passages are.

    *embed* begins at once, and may be awaited later. *reranked* passages at most are judged.
    """

    model: str | None = None
    embed: EmbedQuery | None = None
    rerank: Rerank | None = None
    reranked: int = 0


@dataclass(frozen=True, slots=True)
class Helpers:
    """The models that there are, and the names of the tenants whose text each may be sent (or *)."""

    model: str | None = None
    embed: EmbedQuery | None = None
    embeds_for: Sequence[str] = ()
    rerank: Rerank | None = None
    reranks_for: Sequence[str] = ()
    reranked: int = 0

    @property
    def are_there(self) -> bool:
        """Whether any tenant is helped."""
        return bool((self.embed and self.embeds_for) or (self.rerank and self.reranks_for))

    def choose(self, tenant: str) -> Help:
        """Return what may be asked for the tenant of this name."""
        embeds, reranks = is_served(tenant, self.embeds_for), is_served(tenant, self.reranks_for)
        return Help(
            model=self.model if embeds else None,
            embed=self.embed if embeds else None,
            rerank=self.rerank if reranks else None,
            reranked=self.reranked,
        )


NO_HELP = Help()
NO_HELPERS = Helpers()


def is_served(tenant: str, served: Sequence[str]) -> bool:
    """Return whether the text of the tenant of this name may be sent to a model that serves *served*."""
    return tenant in served or EVERY_TENANT in served


@dataclass(frozen=True, slots=True)
class EmbedderChoice:
    """Which model embeds, for which tenants, and how it is asked. Without *url* it is the one of this machine."""

    model: EmbeddingModel
    url: str | None
    tenants: Sequence[str]
    api_key: str | None = field(default=None, repr=False)
    query_prefix: str = ""
    batch: int = 32
    concurrency: int = 2
    query_seconds: float = 0.3

    @property
    def texts_at_once(self) -> int:
        """How many texts keep it busy: all requests it may have under way, or a few for the model of this machine."""
        return LOCAL_TEXTS if self.url is None else self.batch * self.concurrency


@dataclass(frozen=True, slots=True)
class RerankerChoice:
    """Which model reranks, for which tenants, and how it is asked."""

    model: str
    url: str
    tenants: Sequence[str]
    api_key: str | None = field(default=None, repr=False)
    passages: int = 30
    seconds: float = 1.0


def make_passages(header: str, body: str, *, max_characters: int) -> tuple[str, ...]:
    """Return what is embedded of a chunk: its body in pieces, each below its header. A chunk is as near as its nearest passage."""
    return tuple(f"{header}\n{piece}" for piece in _split(body, max_characters))


def _split(text: str, max_characters: int) -> Iterator[str]:
    """Yield *text* in pieces, cut where a paragraph, line, sentence or word ends in the second half of a piece, if one does."""
    while len(text) > max_characters:
        cut = _find_cut(text, max_characters)
        yield text[:cut]
        text = text[cut:]
    yield text


def _find_cut(text: str, most: int) -> int:
    best: dict[int, int] = {}
    for found in _BREAK.finditer(text, most // 2, most):
        rank = 0 if "\n\n" in found[0] else 1 if found[0] == "\n" else 2 if text[found.start() - 1] in ".!?" else 3
        best[rank] = found.end()
    return best[min(best)] if best else most


def make_unit_vector(numbers: Sequence[object]) -> Vector:
    """Return the vector of length 1 in the direction of *numbers*. Raises `ValueError` for what is no direction."""
    if not 1 <= len(numbers) <= MAX_DIMENSIONS:
        raise ValueError(f"a vector of {len(numbers)} numbers")
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers):
        raise ValueError("a vector of something else than numbers")
    floats = [float(number) for number in numbers if isinstance(number, int | float)]
    length = math.sqrt(math.fsum(number * number for number in floats))
    if not math.isfinite(length) or length == 0:
        raise ValueError("a vector without direction, or not of finite numbers")
    return [number / length for number in floats]


def format_vector(vector: Vector) -> str:
    """Return *vector* as Postgres reads it: to the digits that half precision keeps."""
    return "[" + ",".join(f"{number:.5g}" for number in vector) + "]"
