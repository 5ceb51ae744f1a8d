"""What differs between two texts, line by line, in time that grows with their length and not with its square.

Lines that stand once in both are held fixed, in the longest order that both share; between them the shortest edit is looked
for while the budget lasts. What is left is given as replaced: the difference is always true, and at worst longer than need be.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# Steps of the search for shortest edits: about a tenth of a second.
_EDIT_STEPS = 300_000
# How often a line may be looked at while anchors are sought.
_PASSES = 24


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines [old_from, old_to) of the old text that lines [new_from, new_to) of the new one replace; either may be empty."""

    old_from: int
    old_to: int
    new_from: int
    new_to: int


@dataclass(slots=True)
class _Search:
    old: Sequence[int]
    new: Sequence[int]
    passes_left: int
    steps_left: int = _EDIT_STEPS
    matched: list[tuple[int, int]] = field(default_factory=list)


_Range = tuple[int, int, int, int]


def diff_lines(old: Sequence[str], new: Sequence[str]) -> tuple[Edit, ...]:
    """Return the edits, in order, that make *old* into *new*."""
    numbers: dict[str, int] = {}
    search = _Search(
        [numbers.setdefault(line, len(numbers)) for line in old],
        [numbers.setdefault(line, len(numbers)) for line in new],
        passes_left=_PASSES * (len(old) + len(new) + 1),
    )
    waiting: list[_Range] = [(0, len(old), 0, len(new))]
    while waiting:
        waiting.extend(_match_range(search, _trim(search, waiting.pop())))
    return tuple(_list_edits(sorted(search.matched), len(old), len(new)))


def _trim(search: _Search, span: _Range) -> _Range:
    """Match what both ends of a range share, and return the rest."""
    old_from, old_to, new_from, new_to = span
    while old_from < old_to and new_from < new_to and search.old[old_from] == search.new[new_from]:
        search.matched.append((old_from, new_from))
        old_from, new_from = old_from + 1, new_from + 1
    while old_from < old_to and new_from < new_to and search.old[old_to - 1] == search.new[new_to - 1]:
        old_to, new_to = old_to - 1, new_to - 1
        search.matched.append((old_to, new_to))
    return old_from, old_to, new_from, new_to


def _match_range(search: _Search, span: _Range) -> Iterator[_Range]:
    """Match within a range, and yield the ranges that are left to look at."""
    old_from, old_to, new_from, new_to = span
    search.passes_left -= old_to - old_from + new_to - new_from
    if old_from == old_to or new_from == new_to or search.passes_left < 0:
        return
    anchors = _find_anchors(search, span)
    if not anchors:
        search.matched.extend(_find_shortest(search, span))
        return
    search.matched.extend(anchors)
    for (old_before, new_before), (old_here, new_here) in zip(
        [(old_from - 1, new_from - 1), *anchors], [*anchors, (old_to, new_to)], strict=True
    ):
        yield old_before + 1, old_here, new_before + 1, new_here


def _find_anchors(search: _Search, span: _Range) -> list[tuple[int, int]]:
    """Return pairs of lines that stand once on each side, as many as keep their order (the longest increasing run)."""
    old_from, old_to, new_from, new_to = span
    old_counts = Counter(search.old[old_from:old_to])
    new_counts = Counter(search.new[new_from:new_to])
    places = {line: new_from + index for index, line in enumerate(search.new[new_from:new_to]) if new_counts[line] == 1}
    pairs = [
        (old_from + index, places[line])
        for index, line in enumerate(search.old[old_from:old_to])
        if old_counts[line] == 1 and line in places
    ]
    tails: list[int] = []
    tail_pairs: list[int] = []
    before: list[int] = []
    for index, (_, place) in enumerate(pairs):
        length = bisect_left(tails, place)
        before.append(tail_pairs[length - 1] if length else -1)
        tails[length : length + 1] = [place]
        tail_pairs[length : length + 1] = [index]
    chosen: list[tuple[int, int]] = []
    index = tail_pairs[-1] if tail_pairs else -1
    while index >= 0:
        chosen.append(pairs[index])
        index = before[index]
    return chosen[::-1]


def _find_shortest(search: _Search, span: _Range) -> list[tuple[int, int]]:
    """Return the matches of the shortest edit (Myers, 1986), or none when the budget does not last."""
    old_from, old_to, new_from, new_to = span
    old, new = search.old[old_from:old_to], search.new[new_from:new_to]
    reached = {1: 0}
    trail: list[dict[int, int]] = []
    for cost in range(len(old) + len(new) + 1):
        trail.append(dict(reached))
        search.steps_left -= len(reached)
        for diagonal in range(-cost, cost + 1, 2):
            down = diagonal == -cost or (diagonal != cost and reached[diagonal - 1] < reached[diagonal + 1])
            x = reached[diagonal + 1] if down else reached[diagonal - 1] + 1
            y = x - diagonal
            start = x
            while x < len(old) and y < len(new) and old[x] == new[y]:
                x, y = x + 1, y + 1
            search.steps_left -= x - start + 1
            reached[diagonal] = x
            if x >= len(old) and y >= len(new):
                return [(old_from + i, new_from + j) for i, j in _walk_back(trail, len(old), len(new))]
        if search.steps_left < 0:
            return []
    return []


def _walk_back(trail: Sequence[dict[int, int]], x: int, y: int) -> Iterator[tuple[int, int]]:
    for cost in range(len(trail) - 1, -1, -1):
        reached = trail[cost]
        diagonal = x - y
        down = diagonal == -cost or (diagonal != cost and reached[diagonal - 1] < reached[diagonal + 1])
        came_from = diagonal + 1 if down else diagonal - 1
        start_x = reached[came_from]
        start_y = start_x - came_from
        while x > start_x and y > start_y:
            x, y = x - 1, y - 1
            yield x, y
        x, y = start_x, start_y


def _list_edits(matched: Sequence[tuple[int, int]], old_length: int, new_length: int) -> Iterator[Edit]:
    old_at = new_at = 0
    for old_line, new_line in (*matched, (old_length, new_length)):
        if old_line > old_at or new_line > new_at:
            yield Edit(old_at, old_line, new_at, new_line)
        old_at, new_at = old_line + 1, new_line + 1


def format_hunks(old: Sequence[str], new: Sequence[str], edits: Sequence[Edit], *, context: int = 3) -> Iterator[str]:
    """Yield the hunks of a unified diff, each as one text; lines without an end are marked as git marks them."""
    group: list[Edit] = []
    for edit in edits:
        if group and edit.old_from - group[-1].old_to > 2 * context:
            yield _format_hunk(old, new, group, context)
            group = []
        group.append(edit)
    if group:
        yield _format_hunk(old, new, group, context)


def _format_hunk(old: Sequence[str], new: Sequence[str], group: Sequence[Edit], context: int) -> str:
    first, last = group[0], group[-1]
    lead = min(context, first.old_from)
    trail = min(context, len(old) - last.old_to)
    old_span = _format_span(first.old_from - lead, last.old_to + trail)
    new_span = _format_span(first.new_from - lead, last.new_to + trail)
    lines = [f"@@ -{old_span} +{new_span} @@\n"]
    at = first.old_from - lead
    for edit in group:
        lines += [_mark(" ", line) for line in old[at : edit.old_from]]
        lines += [_mark("-", line) for line in old[edit.old_from : edit.old_to]]
        lines += [_mark("+", line) for line in new[edit.new_from : edit.new_to]]
        at = edit.old_to
    lines += [_mark(" ", line) for line in old[at : last.old_to + trail]]
    return "".join(lines)


def _format_span(start: int, end: int) -> str:
    # An empty side is named by the line before it, as diff(1) does.
    return f"{start + 1 if end > start else start},{end - start}"


def _mark(sign: str, line: str) -> str:
    return f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"
