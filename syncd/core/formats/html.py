"""Reads HTML: headings, blocks and tables by their tags, at the offsets where they stand; scripts and styles are not shown.

The scanner takes time in proportion to the page, whatever stands in it: the parser of the standard library takes the square of
its length for one that was made to stall it (two minutes for 120 KB of open tags).
"""

import re
from dataclasses import dataclass, field
from html import unescape

from syncd.core.anchors import Slugs, make_slug
from syncd.core.formats.html_tags import Tag, list_tags
from syncd.core.formats.prose_links import MAX_LINKS, make_link
from syncd.core.frontmatter import clean_value, find_language
from syncd.core.lines import line_at, line_starts
from syncd.core.outline import Anchor, Block, Heading, Link, Outline, Replaced, make_plain_outline
from syncd.core.sectioning import find_title, make_sections

MAX_NESTING = 40
_MAX_HEADING_CHARACTERS = 200
_MAX_ANCHORS = 20_000
_MAX_TAGS = 400_000
_MAX_FIELDS = 64
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = frozenset(
    ("p", "div", "section", "article", "main", "header", "footer", "nav", "aside", "ul", "ol", "li", "dl", "dt", "dd", "table",
     "tr", "pre", "blockquote", "figure", "form", "fieldset", "details", "summary", "address")
)  # fmt: skip
_CODE_ELEMENTS = frozenset({"code", "kbd", "samp"})
_SHOWN = {"li": "\n- ", "td": " | ", "th": " | ", "p": "\n\n", "br": "\n", "hr": "\n"}
# What a new one of ends an open one of, if that is the innermost.
_ENDS_ITSELF = frozenset({"p", "li", "dt", "dd", "tr"})
_LANGUAGE = re.compile(r"\b(?:language|lang|highlight|brush|sourceCode|source)[-: ]([\w+#-]+)")
_CODE = re.compile(r"\s*<code\b([^<>]*)>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|\u00b6")
_TAG = re.compile(r"<[^<>]*>")
_NOT_LANGUAGES = frozenset({"default", "none", "text", "plaintext", "notranslate"})


def make_html_outline(text: str) -> Outline:
    """Return the outline of *text*. Its title is that of its head, or else of its headings."""
    reader = _Reader(text)
    count = 0
    for tag in list_tags(text):
        count += tag.tags
        if count > _MAX_TAGS:
            return make_plain_outline(fallback=f"more than {_MAX_TAGS} tags")
        reader.read(tag)
    blocks = reader.finish()
    headings = [heading for heading in reader.headings if heading.text]
    return Outline(
        title=reader.title or find_title(headings, first_line=1),
        sections=tuple(make_sections(headings, blocks)),
        links=tuple(reader.links),
        anchors=tuple(reader.anchors),
        language=find_language(reader.fields),
        metadata=reader.fields,
        starts=reader.marks,
        replaced=reader.replaced,
    )


@dataclass(slots=True)
class _Open:
    """An element that is not closed yet; *mark* counts its beginning."""

    name: str
    mark: int
    children: list[Block] = field(default_factory=list)
    holds_heading: bool = False
    header_to: int = 0


class _Reader:
    """What was found so far. *marks* are the offsets where blocks begin or end: what blocks and headings count by."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.marks = [0]
        self.headings: list[Heading] = []
        self.links: list[Link] = []
        self.anchors: list[Anchor] = []
        self.fields: dict[str, str] = {}
        self.replaced: list[Replaced] = []
        self.title: str | None = None
        self._stack = [_Open("", 0)]
        self._open_names: dict[str, int] = {}
        self._slugs = Slugs()
        self._starts = line_starts(text)
        self._read_to = 0
        self._entity = _ENTITY.search(text)
        self._heading: tuple[Tag, str | None, int] | None = None
        self._link: tuple[str, int, int] | None = None
        self._named: tuple[str, int, int] | None = None
        self._language = ""

    def read(self, tag: Tag) -> None:
        """Take in the next tag, and the text before it."""
        self._show_text(tag.char_from)
        self._read_to = tag.char_to
        shown = ""
        if tag.name == "title" and tag.content_to and self.title is None:
            self.title = self._visible(tag.content_from, tag.content_to) or None
        elif not tag.is_end:
            # Most tags of a page are spans: they are looked at no further.
            shown = self._open(tag) if tag.name != "span" or "id" in tag.source else ""
        elif tag.name and tag.name != "span":
            shown = self._close(tag)
        self.replaced.append(Replaced(tag.char_from, tag.char_to, shown))

    def finish(self) -> list[Block]:
        """Close what is still open, and return the blocks of the text."""
        self._show_text(len(self.text))
        while len(self._stack) > 1:
            self._pop(self._mark(len(self.text)))
        return self._stack[0].children

    def _open(self, tag: Tag) -> str:
        attributes = tag.attributes
        name = attributes.get("id") or (attributes.get("name") if tag.name == "a" else None)
        mark = self._mark(tag.char_from) if tag.name in _BLOCKS or tag.name in _HEADINGS else len(self.marks) - 1
        lead = self._named
        if name and len(self.anchors) < _MAX_ANCHORS:
            self.anchors.append(Anchor(clean_value(name)[:_MAX_HEADING_CHARACTERS], self._line(tag.char_from)))
            self._named = (clean_value(name), mark, tag.char_to)
        if tag.name == "html" and attributes.get("lang"):
            self.fields.setdefault("lang", clean_value(attributes["lang"]))
        elif tag.name == "meta":
            self._keep_field(attributes)
        elif tag.name == "a" and attributes.get("href") and "headerlink" not in attributes.get("class", ""):
            self._link = (attributes["href"], tag.char_from, tag.char_to)
        elif tag.name in _HEADINGS:
            return self._open_heading(tag, name, mark, lead)
        if found := _LANGUAGE.search(attributes.get("class", "")):
            self._language = "" if found[1] in _NOT_LANGUAGES else found[1]
        if tag.name in _BLOCKS and not tag.is_closed:
            self._push(tag.name, mark)
        if tag.name == "th" and (row := self._stack[-1]).name == "tr":
            row.header_to = 1
        return self._show_opening(tag)

    def _show_opening(self, tag: Tag) -> str:
        if tag.name == "pre":
            below = _CODE.match(self.text, tag.char_to)
            found = _LANGUAGE.search(below[1]) if below else None
            language, self._language = (found[1] if found else self._language), ""
            return f"\n```{language}\n"
        if tag.name in _CODE_ELEMENTS:
            return "" if self._open_names.get("pre") else "`"
        return _SHOWN.get(tag.name, "\n" if tag.name in _BLOCKS else "")

    def _open_heading(self, tag: Tag, name: str | None, mark: int, lead: tuple[str, int, int] | None) -> str:
        # A name right above the heading, of an anchor or of what surrounds it, is its own.
        if lead and not self.text[lead[2] : tag.char_from].replace("</a>", "").strip():
            name, mark = name or lead[0], max(lead[1], self.headings[-1].line_from + 1 if self.headings else 0)
        if not self._open_names.get("pre"):
            self._heading = (tag, name, mark)
        return "\n\n" + "#" * int(tag.name[1]) + " "

    def _close(self, tag: Tag) -> str:
        if tag.name == "a" and self._link is not None:
            href, opened, begin = self._link
            self._link = None
            if len(self.links) < MAX_LINKS:
                self.links.append(make_link(self._line(opened), href, self._visible(begin, tag.char_from)))
        elif tag.name in _HEADINGS:
            self._close_heading(tag)
            return "\n\n"
        elif self._open_names.get(tag.name):
            while self._pop(self._mark(tag.char_to)) != tag.name:
                pass
            return (
                "\n```\n" if tag.name == "pre" else "\n" if tag.name in _BLOCKS and tag.name not in {"li", "tr"} else ""
            )
        elif tag.name in _CODE_ELEMENTS:
            return "" if self._open_names.get("pre") else "`"
        return ""

    def _close_heading(self, tag: Tag) -> None:
        if self._heading is None:
            return
        opening, name, mark = self._heading
        self._heading = None
        text = self._visible(opening.char_to, tag.char_from)[:_MAX_HEADING_CHARACTERS]
        slug = "" if name else self._slugs.make_unique(make_slug(text))
        if slug and len(self.anchors) < _MAX_ANCHORS:
            self.anchors.append(Anchor(slug, self._line(opening.char_from)))
        self.headings.append(Heading(int(opening.name[1]), text, name or slug or None, mark))
        for outer in self._stack:
            outer.holds_heading = True
        self._stack[-1].children.append(Block(mark, self._mark(tag.char_to)))

    def _push(self, name: str, mark: int) -> None:
        if name in _ENDS_ITSELF and self._stack[-1].name == name:
            self._pop(mark)
        self._stack.append(_Open(name, mark))
        self._open_names[name] = self._open_names.get(name, 0) + 1

    def _pop(self, mark: int) -> str:
        """Close the innermost element. What holds headings is no block: the sections go through it."""
        element = self._stack.pop()
        self._open_names[element.name] -= 1
        outer = self._stack[-1]
        if element.holds_heading:
            outer.children += element.children
            return element.name
        is_table = element.name == "table"
        inner = () if element.name == "pre" or len(self._stack) > MAX_NESTING else tuple(element.children)
        header_to = inner[0].line_to if is_table and inner and element.header_to else 0
        outer.children.append(Block(element.mark, mark, is_table, inner, header_to))
        if element.name == "tr" and element.header_to and len(outer.children) == 1:
            outer.header_to = 1
        return element.name

    def _keep_field(self, attributes: dict[str, str]) -> None:
        name, value = clean_value(attributes.get("name", "")).lower(), clean_value(attributes.get("content", ""))
        if name and value and name != "viewport" and len(self.fields) < _MAX_FIELDS:
            self.fields.setdefault(name[:64], value)

    def _show_text(self, char_to: int) -> None:
        """Replace the entities of the text up to *char_to*. Where the next one stands is kept: most stretches hold none."""
        while self._entity is not None and self._entity.start() < char_to:
            found = self._entity
            # The sign is what generators put behind a heading, to link to it.
            shown = "" if found[0] == "\u00b6" else unescape(found[0])
            if found.start() >= self._read_to and shown != found[0]:
                self.replaced.append(Replaced(found.start(), found.end(), shown))
            self._entity = _ENTITY.search(self.text, max(found.end(), self._read_to))

    def _visible(self, begin: int, end: int) -> str:
        return " ".join(
            unescape(_TAG.sub("", self.text[begin : min(end, begin + 4_000)])).replace("\u00b6", "").split()
        )

    def _mark(self, offset: int) -> int:
        """Return the number of the mark at *offset*, the last that there is."""
        if offset > self.marks[-1]:
            self.marks.append(offset)
        return len(self.marks) - 1

    def _line(self, offset: int) -> int:
        return line_at(self._starts, offset)
