"""Gathers blocks under headings, and finds the heading that names a document: alike for every format."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest
from operator import attrgetter

from syncd.core.outline import Block, Heading, Section


def make_sections(headings: Sequence[Heading], blocks: Sequence[Block]) -> Iterator[Section]:
    """Yield the sections in order. A heading with nothing under it but deeper headings joins the first of them."""
    begins = [heading.line_from for heading in headings]
    cuts = [bisect_left(blocks, begin, key=attrgetter("line_from")) for begin in begins] + [len(blocks)]
    line_from = 0
    if cuts[0] or not headings:
        yield Section((), None, 0, tuple(blocks[: cuts[0]]))
        line_from = begins[0] if begins else 0
    waiting: tuple[Block, ...] = ()
    trail: list[Heading] = []
    for heading, (own_from, own_to), following in zip_longest(headings, pairwise(cuts), headings[1:]):
        own = tuple(blocks[own_from:own_to])
        trail = [*(upper for upper in trail if upper.level < heading.level), heading]
        if len(own) <= heading.blocks and following and following.level > heading.level:
            waiting += own
            continue
        yield Section(tuple(upper.text for upper in trail if upper.text), heading.anchor, line_from, waiting + own)
        waiting = ()
        line_from = following.line_from if following else line_from


def find_title(headings: Sequence[Heading], *, first_line: int) -> str | None:
    """Return the first heading of the first level, or a heading that opens the document; else none.

    A deeper heading further down names its section: the page "clients" is not called "Why use a client?".
    """
    named = [heading for heading in headings if heading.text]
    top = next((heading.text for heading in named if heading.level == 1), None)
    if top is None and named and named[0].line_from <= first_line:
        return named[0].text
    return top
