"""Ranks what a search found: scores of several kinds in one number, duplicates folded, no document filling the first page."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from syncd.core.terms import word_term_ids
from syncd.core.tokens import list_words
from syncd.core.wanted import WantedTerms

DOCUMENT_SHARE = 0.3
NEARNESS_SHARE = 0.25
NEAR_WORDS = 4
MEANING_SHARE = 0.3  # the rest is of words: docs/decisions/0009-vectors-beside-words.md
RELEVANCE_SHARE = 3.0
_K1 = 1.2
_B = 0.75
# In chunks. As for chunks: a fixed average keeps a document's score free of its project's state.
_AVERAGE_CHUNKS = 5

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Score:
    """Why a place ranks where it does: BM25 of its chunk, its share of BM25 of its document, query words near each other; and what
    models say, if they were asked: how near it is in meaning, and how relevant it is.
    """

    words: float
    document: float = 0.0
    nearness: float = 0.0
    meaning: float = 0.0
    relevance: float = 0.0

    @property
    def total(self) -> float:
        """What is ranked by."""
        return self.words + self.document + self.nearness + self.meaning + self.relevance


@dataclass(frozen=True, slots=True)
class Matched:
    """A chunk of a document that matched: the impact of each term of the query, in the order of its weights."""

    document: Hashable
    impacts: Sequence[float]


def score_documents(
    matched: Sequence[Matched], weights: Sequence[float], *, lengths: Mapping[Hashable, int]
) -> Mapping[Hashable, float]:
    """Return BM25 of each document, where a term's count is the sum of its impacts in the chunks that matched.

    *lengths* counts all chunks of a document.
    """
    sums: dict[Hashable, list[float]] = {}
    for match in matched:
        counts = sums.setdefault(match.document, [0.0] * len(weights))
        for index, impact in enumerate(match.impacts):
            counts[index] += impact
    return {
        document: sum(
            weight * count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * lengths[document] / _AVERAGE_CHUNKS))
            for weight, count in zip(weights, counts, strict=True)
            if count
        )
        for document, counts in sums.items()
    }


class Nearness:
    """How near the words of a query that follow each other stand in a text, weighed by the rarer half of the score of the pair."""

    def __init__(self, query: str, weights: Mapping[int, float]) -> None:
        words = [frozenset(word_term_ids(word)) for word in list_words(query)]
        heaviest = [max((weights.get(term, 0.0) for term in terms), default=0.0) for terms in words]
        self._pairs = [min(pair) for pair in pairwise(heaviest)]
        self._words = words
        self._wanted = WantedTerms(query)
        self._met: set[str] = set()
        self._places: dict[str, tuple[int, ...]] = {}

    @property
    def is_measurable(self) -> bool:
        """Whether there are two words that follow each other and stand somewhere."""
        return any(weight > 0 for weight in self._pairs)

    def measure(self, text: str) -> float:
        """Return the sum of the weights of those pairs that stand within `NEAR_WORDS` words somewhere in *text*, in either order."""
        words = list_words(text)
        for word in set(words).difference(self._met):
            self._met.add(word)
            if places := self._find(word):
                self._places[word] = places
        wanted = self._places
        last: dict[int, int] = {}
        found: set[int] = set()
        for position in [position for position, word in enumerate(words) if word in wanted]:
            for index in wanted[words[position]]:
                for pair, other in ((index - 1, index - 1), (index, index + 1)):
                    seen = last.get(other)
                    if seen is not None and 0 < position - seen <= NEAR_WORDS:
                        found.add(pair)
                last[index] = position
        return sum(self._pairs[pair] for pair in found)

    def _find(self, word: str) -> tuple[int, ...]:
        """Return at which places of the query *word* stands."""
        terms = self._wanted.find(word)
        if not terms:
            return ()
        return tuple(index for index, wanted in enumerate(self._words) if not wanted.isdisjoint(terms))


def add_meaning(
    scores: Sequence[Score], similarities: Sequence[float | None], *, share: float = MEANING_SHARE
) -> list[Score]:
    """Return *scores* with the share of meaning: a convex combination of both kinds, each from its least to its most.

    What has no similarity is as near as its words are good: it neither gains nor loses.
    """
    words = [score.total for score in scores]
    least, spread = min(words), (max(words) - min(words)) or 1.0
    known = [similarity for similarity in similarities if similarity is not None]
    low, width = min(known, default=0.0), (max(known, default=0.0) - min(known, default=0.0)) or 1.0
    weight = spread * share / (1 - share)
    return [
        replace(score, meaning=weight * ((total - least) / spread if near is None else (near - low) / width))
        for score, total, near in zip(scores, words, similarities, strict=True)
    ]


def add_relevance(scores: Sequence[Score], relevances: Sequence[float]) -> list[Score]:
    """Return *scores* with the share of relevance: what a reranker says counts more than all the rest, and never less than nothing."""
    totals = [score.total for score in scores]
    weight = RELEVANCE_SHARE * ((max(totals) - min(totals)) or 1.0)
    low, width = min(relevances), (max(relevances) - min(relevances)) or 1.0
    return [
        replace(score, relevance=weight * (relevance - low) / width)
        for score, relevance in zip(scores, relevances, strict=True)
    ]


def fold_duplicates(places: Sequence[tuple[bytes, Item]]) -> list[tuple[Item, tuple[Item, ...]]]:
    """Return, for each (chunk hash, place) in order, the first place of a chunk and the others: the same text is shown once."""
    folded: dict[bytes, list[Item]] = {}
    for chunk_hash, place in places:
        folded.setdefault(chunk_hash, []).append(place)
    return [(first, tuple(others)) for first, *others in folded.values()]


def spread_documents(ranked: Sequence[tuple[Hashable, Item]], *, most: int, page: int) -> tuple[list[Item], list[Item]]:
    """Return the first page of *ranked* (document, item), with at most *most* items of a document, and what follows it in its order.

    Where that leaves the first page short, it is short.
    """
    shown: dict[Hashable, int] = {}
    first: list[Item] = []
    put_off: list[Item] = []
    for document, item in ranked:
        if len(first) < page and shown.get(document, 0) < most:
            first.append(item)
            shown[document] = shown.get(document, 0) + 1
        else:
            put_off.append(item)
    return first, put_off


def choose_lookup(frequencies: Mapping[int, int], *, most_chunks: int) -> Sequence[int]:
    """Return the terms by which candidates are looked up: the rarest, together in at most *most_chunks* chunks, and always one that stands somewhere.

    *frequencies* counts the chunks of each term of the query; terms that stand nowhere now may stand in a former revision.
    A chunk that holds none of those chosen holds only words that stand nearly everywhere; every term counts in the score of the others.
    """
    chosen: list[int] = []
    chunks = 0
    for term in sorted(frequencies, key=lambda term: (frequencies[term], term)):
        chunks += frequencies[term]
        if chunks > most_chunks and any(frequencies[known] for known in chosen):
            break
        chosen.append(term)
    return chosen
