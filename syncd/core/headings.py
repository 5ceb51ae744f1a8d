"""Finds the headings of parsed Markdown, with the text a reader sees and the anchor a link needs."""

import re
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from html import unescape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from syncd.core.anchors import Slugs, make_slug
from syncd.core.outline import Anchor, Heading

_MAX_SOURCE_CHARACTERS = 1000
_MAX_CHARACTERS = 200
_MAX_HTML_CHARACTERS = 4000
_MARKUP = re.compile(r"[][*_`<&!\\]")
_EXPLICIT_ID = re.compile(r"\s*\{:?(?:/\*)?\s*#([^\s{}*/]+)[^{}]*\}\s*$")
_NAMED_ANCHOR = re.compile(r"<a\s+(?:name|id)\s*=\s*[\"']?([^\s\"'>]+)[\"']?\s*/?>(?:\s*</a>)?\s*", re.IGNORECASE)
_HTML_HEADING = re.compile(r"<h([1-6])\b([^>]*)>(.*?)</h\1\s*>", re.IGNORECASE | re.DOTALL)
_HTML_ID = re.compile(r"\bid\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
_NAMED_TAG = re.compile(r"<[a-z][a-z0-9]{0,20}\s[^<>]{0,200}?\b(?:id|name)\s*=\s*[\"']?([^\s\"'<>]+)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class _Lead:
    """An anchor that stands by itself, for the heading that follows."""

    name: str
    line_from: int


def list_headings(
    tokens: Sequence[Token], parser: MarkdownIt, references: MutableMapping[str, object]
) -> tuple[list[Heading], list[Anchor]]:
    """Return the headings outside of lists and quotes, and every name that a link may end in.

    Headings inside of lists and quotes count only towards the numbers of equal anchors, and are named.
    """
    slugs = Slugs()
    headings: list[Heading] = []
    anchors: list[Anchor] = []
    lead: _Lead | None = None
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            content = tokens[index + 1].content[:_MAX_SOURCE_CHARACTERS]
            explicit, text = _read_heading(content, parser, references)
            anchor = explicit or slugs.make_unique(make_slug(text))
            anchors += [Anchor(name, _line_of(token)) for name in dict.fromkeys((anchor, make_slug(text)))]
            if token.level == 0:
                headings.append(_make_heading(token, int(token.tag[1]), text, anchor, lead))
        elif (
            token.type == "html_block"
            and token.level == 0
            and (found := _HTML_HEADING.search(token.content, 0, _MAX_HTML_CHARACTERS))
        ):
            text = _squeeze(unescape(_TAG.sub("", found[3][:_MAX_SOURCE_CHARACTERS])))
            named = _HTML_ID.search(found[2])
            anchor = named[1] if named else slugs.make_unique(make_slug(text))
            anchors.append(Anchor(anchor, _line_of(token)))
            headings.append(_make_heading(token, int(found[1]), text, anchor, lead))
        anchors += _list_named(token)
        if token.level == 0 and token.nesting >= 0:
            lead = _find_lead(tokens, index)
    return headings, anchors


def _list_named(token: Token) -> list[Anchor]:
    """Return the names that HTML in the text gives to places."""
    if token.type not in {"inline", "html_block"} or "<" not in token.content:
        return []
    return [Anchor(found[1], _line_of(token)) for found in _NAMED_TAG.finditer(token.content[:_MAX_HTML_CHARACTERS])]


def _line_of(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _make_heading(token: Token, level: int, text: str, anchor: str, lead: _Lead | None) -> Heading:
    line_from = token.map[0] if token.map else 0
    if lead is None:
        return Heading(level, text[:_MAX_CHARACTERS], anchor or None, line_from)
    return Heading(level, text[:_MAX_CHARACTERS], lead.name, lead.line_from, blocks=2)


def _read_heading(content: str, parser: MarkdownIt, references: MutableMapping[str, object]) -> tuple[str | None, str]:
    """Return the anchor that a heading gives itself, if any, and its text without markup."""
    explicit = _EXPLICIT_ID.search(content) or _NAMED_ANCHOR.search(content)
    content = _EXPLICIT_ID.sub("", content)
    if _MARKUP.search(content):
        inline: list[Token] = []
        parser.inline.parse(content, parser, references, inline)
        content = "".join(" " if token.type.endswith("break") else _visible_text(token) for token in inline)
    return explicit[1] if explicit else None, _squeeze(content)


def _visible_text(token: Token) -> str:
    return token.content if token.type in {"text", "text_special", "code_inline"} else ""


def _find_lead(tokens: Sequence[Token], index: int) -> _Lead | None:
    token = tokens[index]
    content = tokens[index + 1].content if token.type == "paragraph_open" else token.content
    found = _NAMED_ANCHOR.match(content) if token.type in {"paragraph_open", "html_block"} and token.map else None
    if found is None or found.end() != len(content.rstrip()) or token.map is None:
        return None
    return _Lead(found[1], token.map[0])


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def join_trail(title: str, headings: Sequence[str]) -> str:
    """Return the way to a passage as people read it; a title that is also the first heading is said once."""
    below = headings[1:] if list(headings[:1]) == [title] else headings
    return " > ".join((title, *below))
