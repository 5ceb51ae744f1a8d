"""Reads AsciiDoc by lines: headings, delimited blocks with what is said of them above, tables, anchors. Nothing is included."""

import re

from syncd.core.formats.draft import MAX_HEADING_CHARACTERS, MAX_NESTING, MAX_TITLE_CHARACTERS, make_draft, show_title
from syncd.core.formats.endings import Endings
from syncd.core.formats.prose_links import make_link
from syncd.core.outline import Block, Heading, Link, Outline

_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*)$")
_UNDERLINE = re.compile(r"(=|-|~|\^|\+)\1+$")
_UNDERLINE_LEVELS = {"=": 1, "-": 2, "~": 3, "^": 4, "+": 5}
_DELIMITER = re.compile(r"(?:(-|\.|=|\*|_|\+|/)\1{3,}|--|[|,:!]={3,}|`{3,}.*)$")
_VERBATIM = frozenset("-.+/`")
_ATTRIBUTES = re.compile(r"\[(?!\[).*\]$")
_BLOCK_ANCHOR = re.compile(r"\[\[([^\[\],]+)(?:,[^\]]*)?\]\]$")
_BLOCK_TITLE = re.compile(r"\.[^\s.].*$")
_SHORT_ID = re.compile(r"\[[^\]\"']*?#([\w:-]+)")
_NAMED_ID = re.compile(r"\[.*?\bid=[\"']?([\w:.-]+)")
_INLINE_ANCHOR = re.compile(r"\[\[([^\[\],]+)(?:,[^\]]*)?\]\]|\[#([\w:.-]+)\]|anchor:([\w:.-]+)\[[^\]]*\]")
_FIELD = re.compile(r":(!?[\w][\w-]*!?):(?:[ \t]+(.*))?$")
_ITEM = re.compile(
    r"[ \t]*(?:[*.-]+|[0-9]{1,9}[.)]|[A-Za-z][.)])[ \t]+\S|\S.*(?:::+|;;)(?:[ \t]|$)|<(?:[0-9]+|\.)>[ \t]"
)
_LINK = re.compile(
    r"<<(?P<cross>[^<>,]+)(?:,(?P<cross_text>[^<>]*))?>>|(?<!\w)(?P<macro>xref|link|mailto):(?!:)(?P<target>[^\s\[\]]+)\[(?P<text>[^\]]*)\]"
    r"|(?P<url>https?://[^\s\[\]<>\"]+)\[(?P<url_text>[^\]]*)\]|include::(?P<included>[^\s\[]+)\[[^\]]*\]"
)
_MARKUP = re.compile(
    r"(?:xref|link):[^\s\[]+\[([^\]]*)\]|<<[^<>,]+,([^<>]*)>>|([`*_#+])(?=\S)(.+?)(?<=\S)\3|image:[^\s\[]+\[[^\]]*\]"
)


def make_asciidoc_outline(text: str) -> Outline:
    """Return the outline of *text*."""
    reader = _Reader(text)
    blocks = reader.read(0, len(reader.lines), depth=0)
    return reader.draft.make_outline(blocks, _LINK, _read_link)


class _Reader:
    """Reads the lines of one text into its draft."""

    def __init__(self, text: str) -> None:
        self.draft = make_draft(text)
        self.lines = self.draft.lines
        self.endings = Endings(self.lines, _find_delimiter)

    def read(self, begin: int, end: int, *, depth: int) -> list[Block]:
        """Return the blocks of the lines from *begin* to *end*."""
        blocks: list[Block] = []
        number = begin
        while number < end:
            if not self.lines[number]:
                number += 1
                continue
            body = self._skip_attributes(number, end)
            block = self._read_block(number, body, end, depth=depth)
            blocks.append(block)
            number = max(block.line_to, number + 1)
        return blocks

    def _skip_attributes(self, number: int, end: int) -> int:
        """Return the line that the attributes, anchors and title from here on speak of."""
        body = number
        while body < end and self._is_attribute(self.lines[body]):
            body += 1
        return body if body < end and self.lines[body] else number

    def _is_attribute(self, line: str) -> bool:
        if line.startswith("["):
            return bool(_ATTRIBUTES.match(line) or _BLOCK_ANCHOR.match(line))
        return line.startswith(".") and not _DELIMITER.match(line) and bool(_BLOCK_TITLE.match(line))

    def _read_block(self, number: int, body: int, end: int, *, depth: int) -> Block:
        line = self.lines[body]
        explicit = self._name_block(number, body)
        if depth == 0 and (heading_to := self._find_heading(body, end)):
            return self._add_heading(number, body, heading_to, explicit)
        if _DELIMITER.match(line):
            closing = self._find_closing(body, end)
            if closing is not None:
                return self._read_delimited(number, body, closing, depth=depth)
        if (found := _FIELD.match(line)) and len(self.draft.headings) <= 1:
            self.draft.keep_field(found[1], found[2] or "")
            return Block(number, body + 1)
        return self._read_paragraph(number, body, end)

    def _read_delimited(self, number: int, body: int, closing: int, *, depth: int) -> Block:
        line = self.lines[body]
        line_to = closing + 1
        is_table = line[1:4] == "===" and line[0] in "|,:!"
        style = self.lines[number].lower() if body > number else ""
        if line[0] in _VERBATIM and (line != "--" or style.startswith(("[source", "[listing", "[literal"))):
            self.draft.mark_verbatim(number if line[0] == "/" else body, line_to)
            return Block(number, line_to, header_to=body + 1 if body > number or line.startswith("```") else 0)
        if is_table:
            return Block(number, line_to, is_table=True, header_to=self._find_table_header(body, closing))
        inner = tuple(self.read(body + 1, closing, depth=depth + 1)) if depth < MAX_NESTING else ()
        return Block(number, line_to, inner=inner)

    def _find_table_header(self, body: int, closing: int) -> int:
        """Return the line behind a table's first row, which is its header where it stands on a line of its own."""
        first = next((row for row in range(body + 1, closing) if self.lines[row]), closing)
        return first + 1 if first < closing else body + 1

    def _read_paragraph(self, number: int, body: int, end: int) -> Block:
        """Read a paragraph, or an item of a list."""
        is_item = _ITEM.match(self.lines[body]) is not None
        line_to = body + 1
        while line_to < end and (line := self.lines[line_to]):
            begins_item = is_item and _ITEM.match(line)
            begins_block = line[0] in "-.=*_+/`|,:!" and _DELIMITER.match(line) and self._find_closing(line_to, end)
            begins_field = len(self.draft.headings) <= 1 and _FIELD.match(line)
            if begins_item or begins_block or begins_field or self._is_attribute(line):
                break
            line_to += 1
        return Block(number, line_to)

    def _find_heading(self, body: int, end: int) -> int:
        """Return the line behind the heading that begins here, or 0."""
        line = self.lines[body]
        if len(line) > MAX_TITLE_CHARACTERS:
            return 0
        if _HEADING.match(line):
            return body + 1
        under = self.lines[body + 1] if body + 1 < end else ""
        is_title = (line[0].isalnum() or line[0] in "`'\"{[(_*") and _UNDERLINE.match(under) and not _ITEM.match(line)
        return body + 2 if is_title and abs(len(under) - len(line)) <= 1 else 0

    def _add_heading(self, number: int, body: int, line_to: int, explicit: str | None) -> Block:
        found = _HEADING.match(self.lines[body])
        text = found[2] if found else self.lines[body]
        level = len(found[1]) if found else _UNDERLINE_LEVELS[self.lines[body + 1][0]]
        inline = _INLINE_ANCHOR.search(text)
        if inline:
            explicit = explicit or next(name for name in inline.groups() if name)
        text = show_title(_INLINE_ANCHOR.sub("", text), _MARKUP)[:MAX_HEADING_CHARACTERS]
        anchor = self.draft.name_heading(text, body, make_id(text))
        self.draft.headings.append(Heading(level, text, explicit or anchor, number))
        return Block(number, line_to)

    def _name_block(self, number: int, body: int) -> str | None:
        """Keep the ids that are given above a block, and those in its first line; return the last of the former."""
        explicit = None
        for row in range(number, body):
            line = self.lines[row][:MAX_TITLE_CHARACTERS]
            found = _BLOCK_ANCHOR.match(line) or _SHORT_ID.match(line) or _NAMED_ID.match(line)
            if found:
                explicit = self.draft.add_anchor(found[1].strip(), row)
        for found in _INLINE_ANCHOR.finditer(self.lines[body][:MAX_TITLE_CHARACTERS]):
            self.draft.add_anchor(next(name for name in found.groups() if name), body)
        return explicit

    def _find_closing(self, number: int, end: int) -> int | None:
        """Return the next line that ends the block whose delimiter this is."""
        return self.endings.find(_closing_of(self.lines[number]), number, end)


def make_id(title: str) -> str:
    """Return the id that Asciidoctor gives to a heading of its own accord."""
    return "_" + re.sub(r"[ .\-]+", "_", re.sub(r"[^\w .\-]", "", title.lower())).strip("_")


def _find_delimiter(line: str) -> str | None:
    is_delimiter = line and line[0] in "-.=*_+/`|,:!" and _DELIMITER.match(line)
    return _closing_of(line) if is_delimiter else None


def _closing_of(line: str) -> str:
    return "```" if line.startswith("```") else line


def _read_link(found: re.Match[str], line: int) -> Link | None:
    if found["cross"] or found["macro"] == "xref":
        target = (found["cross"] or found["target"]).strip()
        is_inside = "#" not in target and "." not in target.rpartition("/")[2]
        return make_link(line, f"#{target}" if is_inside else target, found["cross_text"] or found["text"] or "")
    target = found["url"] or found["included"] or found["target"] or ""
    return make_link(line, target, found["url_text"] or found["text"] or "") if found["macro"] != "mailto" else None
