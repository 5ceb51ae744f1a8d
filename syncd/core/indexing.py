"""What a sync stores of a text: its chunks by hash, where they stand, its links, and the search terms of a chunk."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncd.core.chunking import Chunk, Layout, chunk_hash, make_coarse_layout, make_layout
from syncd.core.outline import Anchor, Link
from syncd.core.terms import Impacts, format_array, format_sparsevec, make_impacts


@dataclass(frozen=True, slots=True)
class TextToIndex:
    """A text as one document has it: format and file name come from the path."""

    content_hash: bytes
    text: str
    format: str
    path: str


@dataclass(frozen=True, slots=True)
class IndexedText:
    """A text cut up. *hashes* stand beside *chunks*; the rest is as in its `Layout`."""

    content_hash: bytes
    format: str
    title: str
    titled: bool
    chunks: tuple[Chunk, ...]
    hashes: tuple[bytes, ...]
    links: tuple[Link, ...]
    anchors: tuple[Anchor, ...] = ()
    language: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class ChunkTerms:
    """The search terms of a chunk, as Postgres reads them: ids as an array, weights as a sparsevec or as an array beside the ids."""

    term_ids: str
    weights: str


def index_texts(texts: tuple[TextToIndex, ...]) -> tuple[IndexedText, ...]:
    """Return each text cut into chunks."""
    return tuple(_index(text, make_layout(text.text, format=text.format, path=text.path)) for text in texts)


def index_as_text(text: TextToIndex, reason: str) -> IndexedText:
    """Return a text cut without any look at its format, because of *reason*: for a linear look at its line ends there is always time."""
    return _index(text, make_coarse_layout(text.text, path=text.path, reason=reason))


def _index(text: TextToIndex, layout: Layout) -> IndexedText:
    return IndexedText(
        text.content_hash,
        text.format,
        layout.title,
        layout.titled,
        layout.chunks,
        tuple(chunk_hash(chunk, text.format) for chunk in layout.chunks),
        layout.links,
        layout.anchors,
        layout.language,
        layout.metadata,
        layout.fallback,
    )


def make_terms(passages: tuple[tuple[str, str], ...], *, vectors: bool) -> tuple[ChunkTerms, ...]:
    """Return the terms of each (header, body): the dear half of indexing, done once for a chunk and never again.

    *vectors*: the weights are wanted as a sparsevec (pgvector), else as an array.
    """
    return tuple(_format_terms(make_impacts(header, body), vectors=vectors) for header, body in passages)


def _format_terms(impacts: Impacts, *, vectors: bool) -> ChunkTerms:
    # An array of Postgres is a list in other brackets.
    ids = f"{{{str(list(impacts.counts))[1:-1]}}}"
    return ChunkTerms(ids, format_sparsevec(impacts) if vectors else format_array(impacts))
