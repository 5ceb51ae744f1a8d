"""The sections of a document, from where its chunks stand: found by anchor or heading, and what a reading is cut by."""

import difflib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from syncd.core.anchors import make_slug
from syncd.core.lines import count_lines, line_at, line_starts


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk stands: its heading trail, the anchor of the nearest heading, its lines (from 1, both ends included)."""

    headings: tuple[str, ...]
    anchor: str | None
    line_from: int
    line_to: int


@dataclass(frozen=True, slots=True)
class SectionSpan:
    """A heading with everything below it, deeper headings included."""

    headings: tuple[str, ...]
    anchor: str | None
    line_from: int
    line_to: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a text, and where reading goes on: at *next_line*, or inside a line with the characters of *rest* (from 1, both ends
    included), or at neither at the end of what was asked for.
    """

    text: str
    line_from: int
    line_to: int
    next_line: int | None
    rest: tuple[int, int] | None = None


def list_sections(places: Sequence[Place]) -> tuple[SectionSpan, ...]:
    """Return the sections that *places*, in order, stand in. Text before the first heading belongs to none.

    A heading without text of its own stands in the chunk of the heading below it: the trail tells it, and its anchor is its slug.
    """
    sections = []
    before: Place | None = None
    for index, here in enumerate(places):
        for depth in range(1, len(here.headings)):
            trail = here.headings[:depth]
            if before is None or before.headings[:depth] != trail:
                sections.append(_span(trail, make_slug(trail[-1]), places[index:]))
        if here.headings and (before is None or (before.headings, before.anchor) != (here.headings, here.anchor)):
            sections.append(_span(here.headings, here.anchor, places[index:]))
        before = here
    return tuple(sections)


def _span(headings: tuple[str, ...], anchor: str | None, places: Sequence[Place]) -> SectionSpan:
    """Return the section that begins at the first of *places*: up to where its trail ends, or begins again under another anchor."""
    first, last = places[0], places[0].line_to
    for place in places[1:]:
        again = place.headings == headings == first.headings and place.anchor != first.anchor
        if again or place.headings[: len(headings)] != headings:
            break
        last = place.line_to
    return SectionSpan(headings, anchor, first.line_from, last)


def find_section(sections: Sequence[SectionSpan], wanted: str) -> SectionSpan | None:
    """Return the first section that *wanted* names: by anchor, by heading, by the end of its trail, letter case aside."""
    asked = wanted.strip().lstrip("#").strip()
    trail = tuple(part.strip().casefold() for part in asked.split(">"))
    folded = asked.casefold()
    for section in sections:
        if section.anchor is not None and section.anchor.casefold() == folded:
            return section
    for section in sections:
        if section.headings[-1].casefold() == folded:
            return section
    for section in sections:
        if len(trail) > 1 and tuple(heading.casefold() for heading in section.headings[-len(trail) :]) == trail:
            return section
    return None


def nearest_sections(sections: Sequence[SectionSpan], wanted: str, *, limit: int = 5) -> tuple[str, ...]:
    """Return the anchors (or headings) of the sections whose names are most like *wanted*, else the first ones."""
    names: dict[str, str] = {}
    for section in sections:
        name = section.anchor or section.headings[-1]
        names.setdefault(section.headings[-1].casefold(), name)
        names.setdefault(name.casefold(), name)
    near = difflib.get_close_matches(wanted.strip().lstrip("#").casefold(), names, n=limit, cutoff=0.4)
    return tuple(dict.fromkeys(names[key] for key in near)) or tuple(dict.fromkeys(names.values()))[:limit]


def cut_lines(text: str, lines: tuple[int, int], *, max_characters: int, headings: Sequence[int] = ()) -> Cut:
    """Return the lines of *text* from first to last, as many as fit, with their ends; cut at one of the *headings* (lines) in the second half.

    A line ends after a line feed. The last line may lie beyond the text's end. Cuts that go on from each other make up the text.
    """
    total = count_lines(text)
    if lines[0] == 1 and lines[1] >= total and len(text) <= max_characters:
        return Cut(text, 1, total, None)  # as below, of what is asked most
    starts = [*line_starts(text), len(text)]
    first, last = lines[0], min(lines[1], total)
    if first > last:
        return Cut("", first, last, None)
    begin = starts[first - 1]
    # The last line that ends within the budget.
    end = min(bisect_right(starts, begin + max_characters) - 1, last)
    if end < first:
        return cut_characters(text, (begin + 1, starts[last]), max_characters=max_characters)
    if end < last:
        # A heading right after the cut is the best place of all.
        fitting = [line for line in headings if (first + end) // 2 < line <= end + 1]
        end = max(fitting) - 1 if fitting else end
    return Cut(text[begin : starts[end]], first, end, end + 1 if end < last else None)


def cut_characters(text: str, characters: tuple[int, int], *, max_characters: int) -> Cut:
    """Return the characters of *text* from first to last, as many as fit; cut after a line where one ends there.

    The first must lie in the text; the last may lie beyond its end. Cuts that go on from each other make up what was asked for.
    """
    begin, end = characters[0] - 1, min(characters[1], len(text))
    stop = min(begin + max_characters, end)
    if stop < end:
        stop = text.rfind("\n", begin, stop) + 1 or stop
    starts = line_starts(text)
    rest = (stop + 1, end) if stop < end else None
    return Cut(text[begin:stop], line_at(starts, begin), line_at(starts, stop - 1), None, rest)
