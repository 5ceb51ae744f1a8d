"""Reads Markdown into sections of blocks, by heading; text that no parser should be trusted with becomes plain text."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest
from operator import attrgetter

from markdown_it.token import Token

from syncd.core.frontmatter import parse_front_matter
from syncd.core.headings import Heading, list_headings
from syncd.core.links import list_links
from syncd.core.markdown_parser import MAX_NESTING, make_parser
from syncd.core.outline import Block, Outline, Section, make_plain_outline

_MAX_HEADINGS = 20_000
# The parser costs up to 70 us a line on hostile lists: this bounds a document to a few seconds.
_MAX_LINES = 50_000
# What the parser has been seen to raise on hostile text, and its kin. RecursionError is a RuntimeError.
_PARSER_ERRORS = (RuntimeError, LookupError, ValueError, TypeError, AttributeError, AssertionError)


def make_markdown_outline(text: str, *, is_mdx: bool = False) -> Outline:
    """Return the outline of *text*. Its title is that of the front matter, or else of its headings (`find_title`)."""
    matter = parse_front_matter(text)
    above = text.count("\n", 0, matter.char_to)
    # A line ends as `lines` says. A lone carriage return ends one in CommonMark, which would shift the numbers.
    source = text[matter.char_to :].removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", " ")
    if source.count("\n") > _MAX_LINES:
        return make_plain_outline(title=matter.title, fallback=f"more than {_MAX_LINES} lines")
    parser = make_parser(is_mdx=is_mdx)
    references: dict[str, object] = {}
    tokens: list[Token] = []
    try:
        parser.block.parse(source, parser, references, tokens)
        headings = list_headings(tokens, parser, references)
        links = list_links(tokens, parser)
    except _PARSER_ERRORS as error:
        return make_plain_outline(title=matter.title, fallback=f"the Markdown parser failed: {type(error).__name__}")
    if max((token.level for token in tokens), default=0) >= MAX_NESTING - 1:
        return make_plain_outline(title=matter.title, fallback=f"nested deeper than {MAX_NESTING} levels")
    if len(headings) > _MAX_HEADINGS:
        return make_plain_outline(title=matter.title, fallback=f"more than {_MAX_HEADINGS} headings")
    return Outline(
        title=matter.title or find_title(headings, first_line=tokens[0].map[0] if tokens and tokens[0].map else 0),
        sections=tuple(_make_sections(headings, _make_blocks(tokens, above), above)),
        links=tuple(replace(link, line=link.line + above) for link in links),
    )


def find_title(headings: Sequence[Heading], *, first_line: int) -> str | None:
    """Return the first heading of the first level, or a heading that opens the document; else none.

    A deeper heading further down names its section: the page "clients" is not called "Why use a client?".
    """
    named = [heading for heading in headings if heading.text]
    top = next((heading.text for heading in named if heading.level == 1), None)
    if top is None and named and named[0].line_from <= first_line:
        return named[0].text
    return top


def _make_blocks(tokens: Sequence[Token], above: int) -> list[Block]:
    """Return the top-level blocks; a table hides its cells, a list shows its items, an item its blocks."""
    levels: list[tuple[Token | None, list[Block]]] = [(None, [])]
    for token in tokens:
        if token.nesting == 1:
            levels.append((token, []))
            continue
        opening, inner = levels.pop() if token.nesting == -1 else (token, [])
        siblings = levels[-1][1]
        if opening is None or opening.map is None or opening.type == "inline":
            continue
        line_from, line_to = opening.map[0] + above, opening.map[1] + above
        if not siblings or siblings[-1].line_from < line_from:
            is_table = opening.type == "table_open"
            siblings.append(Block(line_from, line_to, is_table, () if is_table else tuple(inner)))
    return levels[0][1]


def _make_sections(headings: Sequence[Heading], blocks: Sequence[Block], above: int) -> Iterator[Section]:
    """Yield the sections in order. A heading with nothing under it but deeper headings joins the first of them."""
    begins = [heading.line_from + above for heading in headings]
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
        line_from = following.line_from + above if following else line_from
