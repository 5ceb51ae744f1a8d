"""Where the lines of a text begin: a line ends after a line feed, as git counts, and nowhere else."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise


def line_starts(text: str) -> list[int]:
    """Return the offset of each line's first character; a final line feed opens no further line."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [0, *(end + number for number, end in enumerate(accumulate(map(len, lines[:-1])), 1))] if lines else []


def count_lines(text: str) -> int:
    """Return how many lines a text has."""
    return text.count("\n") + (not text.endswith("\n") and text != "")


def line_at(starts: Sequence[int], offset: int) -> int:
    """Return the number, from 1, of the line that holds the character at *offset*."""
    return bisect_right(starts, offset)


def split_lines(text: str) -> list[str]:
    """Return the lines of a text with their ends."""
    starts = [*line_starts(text), len(text)]
    return [text[start:end] for start, end in pairwise(starts)]
