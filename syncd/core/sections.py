"""The sections of a document, from where its chunks stand: found by anchor or heading, and what a reading is cut by."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass


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
    """Whole lines of a text, and the line where reading goes on, or none at the end of what was asked for.

    *partial* says that not even one line fitted, so that the text stops inside its line.
    """

    text: str
    line_from: int
    line_to: int
    next_line: int | None
    partial: bool = False


def list_sections(places: Sequence[Place]) -> tuple[SectionSpan, ...]:
    """Return the sections that *places*, in order, stand in. Text before the first heading belongs to none."""
    starts = [
        index
        for index, place in enumerate(places)
        if place.headings
        and (index == 0 or (place.headings, place.anchor) != (places[index - 1].headings, places[index - 1].anchor))
    ]
    sections = []
    for index in starts:
        here = places[index]
        last = index
        while last + 1 < len(places) and _belongs(places[last + 1], here):
            last += 1
        sections.append(SectionSpan(here.headings, here.anchor, here.line_from, places[last].line_to))
    return tuple(sections)


def _belongs(place: Place, section: Place) -> bool:
    depth = len(section.headings)
    if place.headings[:depth] != section.headings:
        return False
    return len(place.headings) > depth or place.anchor == section.anchor


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
    """Return the lines of *text* from first to last, as many as fit; cut at one of the *headings* (lines) in the second half, if any.

    A line ends after a line feed. The last line may lie beyond the text's end.
    """
    every = text.split("\n")
    if every[-1] == "":
        every.pop()
    first, last = lines[0], min(lines[1], len(every))
    if first > last:
        return Cut("", first, last, None)
    taken, spent = 0, 0
    for line in every[first - 1 : last]:
        if spent + len(line) + 1 > max_characters:
            break
        spent += len(line) + 1
        taken += 1
    if taken == 0:
        following = first + 1 if first < last else None
        return Cut(every[first - 1][:max_characters], first, first, following, partial=True)
    end = first + taken - 1
    if end < last:
        # A heading right after the cut is the best place of all.
        fitting = [line for line in headings if first + taken // 2 < line <= end + 1]
        end = max(fitting) - 1 if fitting else end
    return Cut("\n".join(every[first - 1 : end]), first, end, end + 1 if end < last else None)
