"""Picks the lines of a chunk that show why it answers a query."""

import re
from collections.abc import Iterator, Sequence

from syncd.core.tokens import list_words
from syncd.core.wanted import WantedTerms

_GAP = "…"
# What underlines a heading in reStructuredText and Markdown; no fence of code.
_RULE = re.compile(r"([^\w\s`])\1+")


def make_snippet(body: str, query: str, *, heading: str = "", max_characters: int = 300) -> str:
    """Return the lines of *body* that hold most of the query's words, in their order, in at most *max_characters*.

    Left-out lines are shown as an ellipsis. A body that holds none of the words gives its first lines.
    The line of *heading*, which a hit shows already, is left out where more stands below it.
    """
    lines = _without_heading([line.strip() for line in body.split("\n") if line.strip()], heading)
    wanted = WantedTerms(query)
    found = [_find_terms(line, wanted) for line in lines]
    chosen = _choose_lines(lines, found, max_characters=max_characters)
    if chosen:
        return "\n".join(_with_gaps(lines, chosen))
    best = max(range(len(lines)), key=lambda index: len(found[index]), default=None)
    return "" if best is None else _cut_around(lines[best], wanted, max_characters=max_characters)


def _without_heading(lines: Sequence[str], heading: str) -> Sequence[str]:
    """Return the lines below the first that says *heading*; the rules above and below it go with it."""
    first = next((index for index, line in enumerate(lines) if list_words(line)), None)
    if first is None or list_words(lines[first]) != list_words(heading):
        return lines
    below = lines[first + 1 :]
    return (below[1:] if below and _RULE.fullmatch(below[0]) else below) or lines


def _find_terms(line: str, wanted: WantedTerms) -> frozenset[int]:
    return frozenset().union(*map(wanted.find, set(list_words(line))))


def _choose_lines(lines: Sequence[str], found: Sequence[frozenset[int]], *, max_characters: int) -> list[int]:
    """Return the indices of the lines that fit, those with the rarest terms not yet shown first."""
    holders: dict[int, int] = {}
    for terms in found:
        for term in terms:
            holders[term] = holders.get(term, 0) + 1
    chosen: list[int] = []
    shown: set[int] = set()
    spent = 0
    order = sorted(range(len(lines)), key=lambda index: (-sum(1 / holders[term] for term in found[index]), index))
    for index in order:
        # Room for the line, its line feed, and a gap before it.
        cost = len(lines[index]) + 3
        if spent + cost > max_characters or (shown and not found[index] - shown):
            continue
        chosen.append(index)
        shown |= found[index]
        spent += cost
    return sorted(chosen)


def _with_gaps(lines: Sequence[str], chosen: Sequence[int]) -> Iterator[str]:
    before = chosen[0] - 1
    for index in chosen:
        if index != before + 1:
            yield _GAP
        yield lines[index]
        before = index


def _cut_around(line: str, wanted: WantedTerms, *, max_characters: int) -> str:
    """Return the stretch of a line too long to show, from a little before its first wanted word."""
    if len(line) <= max_characters:
        return line
    offset = 0
    for word in line.split():
        offset = line.index(word, offset)
        if _find_terms(word, wanted):
            break
        offset += len(word)
    else:
        offset = 0
    begin = min(max(offset - max_characters // 4, 0), len(line) - max_characters + 2)
    return f"{_GAP if begin else ''}{line[begin : begin + max_characters - 2].strip()}{_GAP}"
