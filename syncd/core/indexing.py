"""What a sync stores of a text: its chunks by hash, where they stand, its links, and the search terms of a chunk."""

from dataclasses import dataclass

from syncd.core.chunking import Chunk, chunk_hash, make_layout
from syncd.core.outline import Link
from syncd.core.terms import format_sparsevec, make_impacts


@dataclass(frozen=True, slots=True)
class TextToIndex:
    """A text as one document has it: format and file name come from the path."""

    content_hash: bytes
    text: str
    format: str
    path: str


@dataclass(frozen=True, slots=True)
class IndexedText:
    """A text cut up. *hashes* stand beside *chunks*."""

    content_hash: bytes
    format: str
    title: str
    titled: bool
    chunks: tuple[Chunk, ...]
    hashes: tuple[bytes, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class ChunkTerms:
    """The search terms of a chunk: ids in rising order, and impacts in the text form of sparsevec."""

    term_ids: tuple[int, ...]
    terms: str


def index_texts(texts: tuple[TextToIndex, ...]) -> tuple[IndexedText, ...]:
    """Return each text cut into chunks."""
    indexed = []
    for text in texts:
        layout = make_layout(text.text, format=text.format, path=text.path)
        hashes = tuple(chunk_hash(chunk, text.format) for chunk in layout.chunks)
        indexed.append(
            IndexedText(text.content_hash, text.format, layout.title, layout.titled, layout.chunks, hashes, layout.links)
        )
    return tuple(indexed)


def make_terms(passages: tuple[tuple[str, str], ...]) -> tuple[ChunkTerms, ...]:
    """Return the terms of each (header, body): the dear half of indexing, done once for a chunk and never again."""
    made = []
    for header, body in passages:
        impacts = make_impacts(header, body)
        made.append(ChunkTerms(tuple(sorted(impacts)), format_sparsevec(impacts)))
    return tuple(made)


def parse_terms(terms: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return ids and impacts of the text form of sparsevec (``{1:0.5,7:1.2}/1000000000``)."""
    inner = terms[1 : terms.rindex("}")]
    pairs = [pair.partition(":") for pair in inner.split(",")] if inner else []
    return tuple(int(term) for term, _, _ in pairs), tuple(impact for _, _, impact in pairs)
