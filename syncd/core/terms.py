"""Turns chunks into the BM25 impacts that are stored, and queries into the weights that they are scored with."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from math import log
from typing import NamedTuple, TypeVar

from syncd.core.tokens import TokenKind, list_words, word_tokens

# pgvector's sparsevec: at most 1e9 dimensions, indices from 1 in its text form, at most 16,000 non-zero values.
TERM_DIMENSIONS = 1_000_000_000
MAX_TERMS = 16_000
_K1 = 1.2
_B = 0.75
# A fixed average keeps rows free of their project's state; the true one ranks at most 0.2 points of nDCG better.
_AVERAGE_WORDS = 150
_HEADER_WEIGHT = 3
_QUERY_WEIGHTS = {TokenKind.WHOLE: 1.0, TokenKind.PART: 0.5, TokenKind.EXACT: 0.3}
_CACHED_TERMS = 1 << 16

Weight = TypeVar("Weight", int, float)


@lru_cache(maxsize=_CACHED_TERMS)
def term_id(token: str) -> int:
    """Return the dimension of a token, from 1 to `TERM_DIMENSIONS`: the same on every machine, for ever."""
    digest = blake2b(token.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest) % TERM_DIMENSIONS + 1


class Impacts(NamedTuple):
    """The BM25 impacts of a chunk's terms, without the idf: that comes in with the query.

    Terms are many and their counts few, so *by_count* holds what each count of *counts* is worth. The terms rise.
    """

    counts: Mapping[int, int]
    by_count: Mapping[int, float]


def make_impacts(header: str, body: str) -> Impacts:
    """Return the impacts of a chunk."""
    below, above = list_words(body), list_words(header)
    counts = Counter(chain.from_iterable(map(word_term_ids, below + above * _HEADER_WEIGHT)))
    saturation = _K1 * (1 - _B + _B * (len(below) + len(above)) / _AVERAGE_WORDS)
    strongest = _strongest(counts)
    return Impacts(
        {term: strongest[term] for term in sorted(strongest)},
        {count: count * (_K1 + 1) / (count + saturation) for count in set(strongest.values())},
    )


def make_query_weights(query: str, *, document_frequencies: Mapping[int, int], chunk_count: int) -> Mapping[int, float]:
    """Return the weight of each term of *query*: its idf times 1 for a word, 0.5 for a part, 0.3 for an exact form.

    *document_frequencies* counts the chunks that hold a term, out of *chunk_count*. Both may be stale; an absent term
    counts as one that no chunk holds. A chunk's score is the inner product with its impacts: any term may match, none must.
    """
    weights: dict[int, float] = {}
    for term, weight in _query_terms(query):
        frequency = min(document_frequencies.get(term, 0), chunk_count)
        idf = log(1 + (max(chunk_count, 1) - frequency + 0.5) / (frequency + 0.5))
        weights[term] = max(weights.get(term, 0.0), weight * idf)
    return _strongest(weights)


def query_term_ids(query: str) -> frozenset[int]:
    """Return the terms of *query*, to ask for their document frequencies."""
    return frozenset(term for term, _ in _query_terms(query))


def format_sparsevec(impacts: Impacts) -> str:
    """Return the text form of pgvector's sparsevec, ``{index:value,...}/dimensions``, by rising index."""
    shown = _format_impacts(impacts)
    elements = ",".join([f"{term}:{shown[count]}" for term, count in impacts.counts.items()])
    return f"{{{elements}}}/{TERM_DIMENSIONS}"


def format_array(impacts: Impacts) -> str:
    """Return the text form of an array of the impacts, beside the terms."""
    shown = _format_impacts(impacts)
    return f"{{{','.join([shown[count] for count in impacts.counts.values()])}}}"


def _format_impacts(impacts: Impacts) -> Mapping[int, str]:
    return {count: f"{impact:.4g}" for count, impact in impacts.by_count.items()}


def _query_terms(query: str) -> Iterator[tuple[int, float]]:
    for word in list_words(query):
        for token in word_tokens(word):
            yield term_id(token.text), _QUERY_WEIGHTS[token.kind]


@lru_cache(maxsize=_CACHED_TERMS)
def word_term_ids(word: str) -> tuple[int, ...]:
    """Return the terms of one of the words of `list_words`, each once."""
    return tuple(term_id(token.text) for token in word_tokens(word))


def _strongest(weights: dict[int, Weight]) -> dict[int, Weight]:
    if len(weights) <= MAX_TERMS:
        return weights
    return dict(sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:MAX_TERMS])
