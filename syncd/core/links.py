"""Finds the links of parsed Markdown as they are written, each with its line."""

import re
from collections.abc import Iterator, MutableMapping, Sequence
from itertools import islice

from markdown_it import MarkdownIt
from markdown_it.token import Token

from syncd.core.markdown_parser import POSITION
from syncd.core.outline import Link

_MAX_LINKS = 20_000
# Inline parsing costs up to 7 us a character on hostile text, and grows with the square of unclosed brackets.
_MAX_PARAGRAPH_CHARACTERS = 8_192
_MAX_PARAGRAPH_BRACKETS = 256
_MAX_SCANNED_CHARACTERS = 524_288
_MAX_TARGET_CHARACTERS = 2048
_MAX_TEXT_CHARACTERS = 200
_MAYBE_LINK = re.compile(r"\]\(|<[A-Za-z][^\s<>]*[:@]")


def list_links(tokens: Sequence[Token], parser: MarkdownIt) -> tuple[Link, ...]:
    """Return inline links, autolinks and the definitions of references, in order, up to 20,000 of them.

    Images are no links, nor is anything in code or HTML. A use of a reference is found at its definition. Paragraphs above
    8 KiB or 256 brackets are not looked into, nor is any behind the first 512 KiB of those that may hold a link.
    """
    return tuple(islice(_find_links(tokens, parser), _MAX_LINKS))


def _find_links(tokens: Sequence[Token], parser: MarkdownIt) -> Iterator[Link]:
    scanned = 0
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        if token.type == "definition":
            yield _make_link(line, str(token.meta["url"]), str(token.meta["label"]))
        elif token.type == "inline" and _may_hold_links(token.content):
            scanned += len(token.content)
            if scanned <= _MAX_SCANNED_CHARACTERS:
                yield from _find_inline_links(token.content, line, parser)


def _may_hold_links(content: str) -> bool:
    is_prose = len(content) <= _MAX_PARAGRAPH_CHARACTERS and content.count("[") <= _MAX_PARAGRAPH_BRACKETS
    return is_prose and _MAYBE_LINK.search(content) is not None


def _find_inline_links(content: str, line: int, parser: MarkdownIt) -> Iterator[Link]:
    inline: list[Token] = []
    without_references: MutableMapping[str, object] = {}
    parser.inline.parse(content, parser, without_references, inline)
    counted_to = 0
    opening: Token | None = None
    words: list[str] = []
    for token in inline:
        if token.type == "link_open":
            opening, words = token, []
            line += content.count("\n", counted_to, token.meta[POSITION])
            counted_to = token.meta[POSITION]
        elif token.type == "link_close" and opening is not None:
            yield _make_link(line, str(opening.attrs["href"]), "".join(words))
            opening = None
        elif opening is not None:
            words.append(" " if token.type.endswith("break") else token.content)


def _make_link(line: int, target: str, text: str) -> Link:
    return Link(line, target[:_MAX_TARGET_CHARACTERS], " ".join(text.split())[:_MAX_TEXT_CHARACTERS])
