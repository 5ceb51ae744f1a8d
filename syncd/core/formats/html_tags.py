"""Finds the tags of a page, each with its attributes and its place; comments, scripts and styles are one tag each."""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

# A tag is looked at this far; what goes on longer ends at its first angle bracket.
_MAX_TAG_CHARACTERS = 8_192
_NAME = re.compile(r"/?([a-zA-Z][^\s/>]{0,63})")
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]{1,100})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+))")
_QUOTED_TAG = re.compile(r"<[^\"'>]*(?:\"[^\"]*\"[^\"'>]*|'[^']*'[^\"'>]*)*>")
# Nearly every tag of nearly every page; the others are looked at more closely.
_PLAIN_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[^\s\"'<>/=]+(?:=\"[^\"<>]*\")?)*)\s*(/?)>")
# Most tags of a page that shows code are spans that say nothing but how it looks: a run of them is one.
_SPAN = r"(?:/span>|span(?: class=\"(?![\w -]*id)[\w -]*\")?>)"
_SPANS_OR_BRACKET = re.compile(rf"<(?:{_SPAN}(?:<{_SPAN})*)?")
# Elements whose content is no markup, and is not shown in the page.
_RAW = {name: re.compile(rf"</{name}\b[^>]*>?", re.IGNORECASE) for name in ("script", "style", "title", "template")}


class Tag(NamedTuple):
    """A tag, or what is not shown as a whole: then with no name, or with the place of its content. *tags*: how many, in a run of spans."""

    name: str
    char_from: int
    char_to: int
    is_end: bool = False
    is_closed: bool = False
    source: str = ""
    content_from: int = 0
    content_to: int = 0
    tags: int = 1

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes by name; the first of equal ones counts."""
        found: dict[str, str] = {}
        for one in _ATTRIBUTE.finditer(self.source):
            value = one[2] or one[3] or one[4] or ""
            found.setdefault(one[1].lower(), unescape(value) if "&" in value else value)
        return found


def list_tags(text: str) -> Iterator[Tag]:
    """Yield the tags of *text* in order. A bracket that opens no tag is text."""
    scanner = _Scanner(text)
    found = _SPANS_OR_BRACKET.search(text)
    while found:
        char_from, char_to = found.span()
        if char_to - char_from > 1:
            yield Tag("span", char_from, char_to, is_end=True, tags=text.count("<", char_from, char_to))
        elif tag := scanner.read(char_from):
            yield tag
            char_to = tag.char_to
        found = _SPANS_OR_BRACKET.search(text, char_to)


class _Scanner:
    """Reads tags from the top down. What was found ahead is kept, so that no stretch of the text is searched twice for it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ahead: dict[str, int] = {}

    def read(self, position: int) -> Tag | None:
        """Return the tag that begins at *position*, or none."""
        plain = _PLAIN_TAG.match(self._text, position, position + _MAX_TAG_CHARACTERS)
        if plain and (name := plain[2].lower()) not in _RAW:
            return Tag(name, position, plain.end(), plain[1] != "", plain[4] != "", plain[3])
        following = self._text[position + 1 : position + 2]
        if following in {"!", "?"}:
            mark = "-->" if self._text.startswith("<!--", position) else ">"
            end = self._find(mark, position + 2)
            return None if end < 0 else Tag("", position, end + len(mark), is_end=True)
        named = _NAME.match(self._text, position + 1)
        char_to = self._find_end(position) if named else 0
        if named is None or not char_to:
            return None
        name, source = named[1].lower(), self._text[named.end() : char_to - 1]
        if following == "/" or name not in _RAW:
            return Tag(name, position, char_to, following == "/", source.endswith("/"), source)
        closing = None if name in self._ahead else _RAW[name].search(self._text, char_to)
        if closing is None:
            self._ahead[name] = -1
            return Tag(name, position, char_to, is_closed=True, source=source)
        return Tag(name, position, closing.end(), False, True, source, char_to, closing.start())

    def _find_end(self, position: int) -> int:
        """Return the offset behind the tag's closing bracket, or 0; a bracket in quotes closes nothing."""
        end = self._find(">", position)
        if end < 0 or end - position > _MAX_TAG_CHARACTERS:
            return 0
        within = self._text[position:end]
        if '"' in within or "'" in within:
            closed = _QUOTED_TAG.match(self._text, position, position + _MAX_TAG_CHARACTERS)
            return closed.end() if closed else end + 1
        return 0 if "<" in within[1:] else end + 1

    def _find(self, mark: str, position: int) -> int:
        """Return where the mark stands next; -1: nowhere any more."""
        known = self._ahead.get(mark)
        if known is None or 0 <= known < position:
            known = self._ahead[mark] = self._text.find(mark, position)
        return known
