"""Reads Markdown into sections of blocks, by heading; text that no parser should be trusted with becomes plain text."""

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

from markdown_it.token import Token

from syncd.core.formats.mdx import mask_components
from syncd.core.frontmatter import FrontMatter, find_language, parse_front_matter
from syncd.core.headings import list_headings
from syncd.core.links import list_links
from syncd.core.markdown_parser import MAX_NESTING, make_parser
from syncd.core.outline import Block, Outline, make_plain_outline
from syncd.core.sectioning import find_title, make_sections

_MAX_HEADINGS = 20_000
# The parser costs up to 70 us a line on hostile lists: this bounds a document to a few seconds.
_MAX_LINES = 50_000
# What the parser has been seen to raise on hostile text, and its kin. RecursionError is a RuntimeError.
_PARSER_ERRORS = (RuntimeError, LookupError, ValueError, TypeError, AttributeError, AssertionError)


def make_markdown_outline(text: str, *, is_mdx: bool = False) -> Outline:
    """Return the outline of *text*. Its title is that of the front matter, or else of its headings (`find_title`)."""
    matter = parse_front_matter(text)
    # A line ends as `lines` says. A lone carriage return ends one in CommonMark, which would shift the numbers.
    source = text[matter.char_to :].removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", " ")
    if source.count("\n") > _MAX_LINES:
        return _make_fallback(matter, f"more than {_MAX_LINES} lines")
    masked: Sequence[Block] = ()
    if is_mdx:
        source, masked = mask_components(source)
    parser = make_parser(is_mdx=is_mdx)
    references: dict[str, object] = {}
    tokens: list[Token] = []
    try:
        parser.block.parse(source, parser, references, tokens)
        headings, anchors = list_headings(tokens, parser, references)
        links = list_links(tokens, parser)
    except _PARSER_ERRORS as error:
        return _make_fallback(matter, f"the Markdown parser failed: {type(error).__name__}")
    if max((token.level for token in tokens), default=0) >= MAX_NESTING - 1:
        return _make_fallback(matter, f"nested deeper than {MAX_NESTING} levels")
    if len(headings) > _MAX_HEADINGS:
        return _make_fallback(matter, f"more than {_MAX_HEADINGS} headings")
    above = text.count("\n", 0, matter.char_to)
    blocks = _make_blocks(tokens, above)
    # What stands above all prose belongs to it, as front matter does.
    inside = [one for one in _move(masked, above) if blocks and one.line_from > blocks[0].line_from]
    blocks = sorted([*blocks, *inside], key=attrgetter("line_from")) if inside else blocks
    placed = [replace(heading, line_from=heading.line_from + above) for heading in headings]
    return Outline(
        title=matter.title or find_title(headings, first_line=tokens[0].map[0] if tokens and tokens[0].map else 0),
        sections=tuple(make_sections(placed, blocks)),
        links=tuple(replace(link, line=link.line + above) for link in links),
        anchors=tuple(replace(anchor, line=anchor.line + above) for anchor in anchors if anchor.name),
        language=find_language(matter.metadata),
        metadata=matter.metadata,
    )


def _make_fallback(matter: FrontMatter, reason: str) -> Outline:
    plain = make_plain_outline(title=matter.title, fallback=reason)
    return replace(plain, language=find_language(matter.metadata), metadata=matter.metadata)


def _move(blocks: Sequence[Block], above: int) -> list[Block]:
    return [Block(block.line_from + above, block.line_to + above) for block in blocks]


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
            # Above the parts of a table that is cut stands its header row, above those of a fence what language it is in.
            header_to = line_from + 1 if is_table or (opening.type == "fence" and opening.info.strip()) else 0
            siblings.append(Block(line_from, line_to, is_table, () if is_table else tuple(inner), header_to))
    return levels[0][1]
