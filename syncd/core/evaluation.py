"""Measures answers to questions whose answers are known: how many are found, how high, and how sure the numbers are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log2

DEPTH = 10
RECALL_DEPTHS = (1, 3, 5, 10)
TEXT_CHARACTERS = 8_000
RESAMPLES = 1_000
_COVERED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a document: an answer, or a chunk that was found. Characters from 0, the end not included."""

    path: str
    char_from: int
    char_to: int

    @property
    def length(self) -> int:
        """How many characters it has."""
        return self.char_to - self.char_from

    def overlap(self, other: "Span") -> int:
        """Return how many characters are in both."""
        if self.path != other.path:
            return 0
        return max(0, min(self.char_to, other.char_to) - max(self.char_from, other.char_from))

    def covers(self, answer: "Span") -> bool:
        """Whether it holds at least half of *answer*."""
        return self.overlap(answer) >= max(1, answer.length * _COVERED_SHARE)


@dataclass(frozen=True, slots=True)
class Measures:
    """How one question was answered; 1 is best, but for what counts tokens.

    *found_at_5* asks for one of the answers, *recall_at_5* for all of them. *text* is the share of the answers' characters in the
    first 8,000 characters of what was found. *tokens* are those of the first ten chunks, *tokens_to_answer* those read until an
    answer was seen: all of them where none was.
    """

    ndcg: float
    mrr: float
    recall_at_1: float
    recall_at_3: float
    recall_at_5: float
    recall_at_10: float
    found_at_5: float
    text: float
    empty: float
    tokens: float
    tokens_to_answer: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, and between what bounds it lies with 95 % confidence."""

    mean: float
    low: float
    high: float


def measure_question(found: Sequence[Span], answers: Sequence[Span]) -> Measures:
    """Return how well *found*, best first, answers a question: a chunk counts for an answer of which it holds at least half."""
    ranks = [next((rank for rank, span in enumerate(found) if span.covers(answer)), None) for answer in answers]
    hit_ranks = [rank for rank in ranks if rank is not None]
    first = min(hit_ranks, default=None)
    tokens = [ceil(span.length / 4) for span in found[:DEPTH]]

    def recall(depth: int) -> float:
        return sum(rank < depth for rank in hit_ranks) / len(answers)

    return Measures(
        ndcg=_measure_ndcg(hit_ranks, len(answers)),
        mrr=0.0 if first is None else 1 / (first + 1),
        recall_at_1=recall(1),
        recall_at_3=recall(3),
        recall_at_5=recall(5),
        recall_at_10=recall(10),
        found_at_5=float(first is not None and first < 5),
        text=_measure_text(found, answers),
        empty=float(not found),
        tokens=sum(tokens),
        tokens_to_answer=sum(tokens if first is None else tokens[: first + 1]),
    )


def _measure_ndcg(hit_ranks: Sequence[int], answers: int) -> float:
    """Return nDCG at ten: each answer gains once, at the first chunk that holds it; one chunk with two answers gains for both."""
    gained = sum(1 / log2(rank + 2) for rank in hit_ranks if rank < DEPTH)
    ideal = sum(1 / log2(rank + 2) for rank in range(min(answers, DEPTH)))
    return min(1.0, gained / ideal)


def _measure_text(found: Sequence[Span], answers: Sequence[Span]) -> float:
    room = TEXT_CHARACTERS
    read: list[Span] = []
    for span in found:
        if room <= 0:
            break
        read.append(Span(span.path, span.char_from, min(span.char_to, span.char_from + room)))
        room -= span.length
    covered = sum(min(answer.length, sum(answer.overlap(span) for span in read)) for answer in answers)
    return covered / sum(answer.length for answer in answers)


def list_values(measured: Sequence[Measures]) -> Mapping[str, Sequence[float]]:
    """Return the values of each measure, question by question."""
    return {name: [float(getattr(one, name)) for one in measured] for name in Measures.__slots__}


def make_interval(values: Sequence[float], draw: Callable[[int], int]) -> Interval:
    """Return the mean of *values* with its 95 % interval by bootstrap. *draw* returns a number below its argument."""
    count = len(values)
    means = sorted(sum(values[draw(count)] for _ in range(count)) / count for _ in range(RESAMPLES))
    return Interval(sum(values) / count, means[int(RESAMPLES * 0.025)], means[int(RESAMPLES * 0.975) - 1])


def find_percentile(values: Sequence[float], share: float) -> float:
    """Return the value that *share* of *values* do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * share) - 1)]
