"""Reads Org by lines: headings with their drawers, blocks between begin and end, tables, lists. Nothing is evaluated, nothing included."""

import re
from dataclasses import replace

from syncd.core.anchors import make_slug
from syncd.core.formats.draft import MAX_HEADING_CHARACTERS, MAX_TITLE_CHARACTERS, make_draft, show_title
from syncd.core.formats.endings import Endings
from syncd.core.formats.prose_links import make_link
from syncd.core.outline import Block, Heading, Link, Outline

_MAX_LEVEL = 100
_HEADING = re.compile(r"(\*+)[ \t]+(\S.*)$")
_STATUS = re.compile(r"(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED|CANCELED|HOLD|STARTED)[ \t]+)?(?:\[#[A-Z0-9]\][ \t]+)?")
_TAGS = re.compile(r"[ \t]+(?::[\w@#%]+)+:$")
_BEGIN = re.compile(r"[ \t]*#\+begin_?(\S*)", re.IGNORECASE)
_END = re.compile(r"[ \t]*#\+end_?(\S*)", re.IGNORECASE)
_KEYWORD = re.compile(r"[ \t]*#\+([A-Za-z][\w-]{0,63}):[ \t]*(.*)$")
_PROPERTY = re.compile(r"[ \t]*:([\w@#%+-]+):(?:[ \t]+(.*))?$")
_TARGET = re.compile(r"<<([^<>\n]+)>>")
_ITEM = re.compile(r"[ \t]*(?:[-+]|[0-9]{1,9}[.)]|[A-Za-z][.)])(?:[ \t]|$)|[ \t]+\*[ \t]")
_VERBATIM = frozenset({"src", "example", "export", "comment", "latex", "html"})
_LINK = re.compile(
    r"\[\[(?P<target>[^\[\]]+)\](?:\[(?P<text>[^\[\]]*)\])?\]|^[ \t]*#\+include:[ \t]+\"?(?P<included>[^\"\s]+)",
    re.IGNORECASE | re.MULTILINE,
)
_MARKUP = re.compile(r"\[\[[^\[\]]+\]\[([^\[\]]*)\]\]|\[\[([^\[\]]+)\]\]|(?<!\w)([*/_=~+])(\S|\S.*?\S)\3(?!\w)")
_BINDING = frozenset({"name", "caption", "header", "headers", "results", "tblname", "plot"})
# Said of how a page looks, not of what it is.
_SETTINGS = frozenset(
    {"options", "startup", "setupfile", "property", "begin", "end", "include", "html_head", "latex_header", "tblfm"}
)


def make_org_outline(text: str) -> Outline:
    """Return the outline of *text*."""
    reader = _Reader(text)
    outline = reader.draft.make_outline(reader.read(), _LINK, _read_link)
    return replace(outline, title=outline.metadata.get("title") or outline.title)


class _Reader:
    """Reads the lines of one text into its draft."""

    def __init__(self, text: str) -> None:
        self.draft = make_draft(text)
        self.lines = self.draft.lines
        self.endings = Endings(self.lines, _find_ended)

    def read(self) -> list[Block]:
        """Return the blocks of the text; what stands before the first heading and is no prose belongs to it."""
        blocks: list[Block] = []
        number = 0
        is_silent = True
        while number < len(self.lines):
            if not self.lines[number]:
                number += 1
                continue
            heading_count = len(self.draft.headings)
            block = self._read_block(number)
            blocks.append(block)
            if is_silent and len(self.draft.headings) > heading_count:
                first = self.draft.headings[0]
                leading = Heading(first.level, first.text, first.anchor, blocks[0].line_from, len(blocks))
                self.draft.headings[0] = leading
            is_silent = is_silent and len(self.draft.headings) == 0 and self._is_keyword(block)
            number = block.line_to
        return blocks

    def _is_keyword(self, block: Block) -> bool:
        return block.line_to == block.line_from + 1 and self.lines[block.line_from].startswith("#")

    def _read_block(self, number: int) -> Block:
        line = self.lines[number]
        if line[0] == "*" and len(line) <= MAX_TITLE_CHARACTERS and (found := _HEADING.match(line)):
            return self._add_heading(number, found)
        body = self._skip_bindings(number)
        line = self.lines[body]
        if found := _BEGIN.match(line):
            end = self.endings.find(found[1].lower(), body, len(self.lines))
            if end is not None:
                return self._read_delimited(number, body, end, found[1].lower())
        if (found := _KEYWORD.match(line)) and body == number:
            self._keep_field(found[1], found[2])
            return Block(number, number + 1)
        if line.lstrip().startswith("|"):
            return self._read_table(number, body)
        return self._read_paragraph(number, body)

    def _skip_bindings(self, number: int) -> int:
        """Return the line that the names, captions and attributes from here on speak of."""
        body = number
        while body < len(self.lines) and (found := _KEYWORD.match(self.lines[body])):
            name = found[1].lower()
            if name not in _BINDING and not name.startswith("attr_"):
                break
            if name == "name" and found[2]:
                self.draft.add_anchor(found[2], body)
            body += 1
        return body if body < len(self.lines) and self.lines[body] else number

    def _read_delimited(self, number: int, body: int, end: int, name: str) -> Block:
        if name in _VERBATIM or not name:
            self.draft.mark_verbatim(body, end + 1)
            return Block(number, end + 1, header_to=body + 1)
        return Block(number, end + 1)

    def _read_table(self, number: int, body: int) -> Block:
        line_to = body
        while line_to < len(self.lines) and self.lines[line_to].lstrip().startswith("|"):
            line_to += 1
        rule = next((row for row in range(body + 1, line_to) if self.lines[row].lstrip().startswith("|-")), None)
        while line_to < len(self.lines) and self.lines[line_to].lstrip().lower().startswith("#+tblfm"):
            line_to += 1
        return Block(number, line_to, is_table=True, header_to=body + 1 if rule is None else rule + 1)

    def _read_paragraph(self, number: int, body: int) -> Block:
        is_item = _ITEM.match(self.lines[body]) is not None
        line_to = body + 1
        while line_to < len(self.lines) and (line := self.lines[line_to]) and line[0] != "*":
            marks = line.lstrip()[:2]
            if marks[0] == "|" or (is_item and _ITEM.match(line)) or (marks == "#+" and _BEGIN.match(line)):
                break
            line_to += 1
        self._name_targets(body, line_to)
        if self.lines[body].lstrip().startswith((": ", "# ")):
            self.draft.mark_verbatim(body, line_to)
        return Block(number, line_to)

    def _name_targets(self, begin: int, end: int) -> None:
        for row in range(begin, end):
            if "<<" in self.lines[row]:
                for found in _TARGET.finditer(self.lines[row][:MAX_TITLE_CHARACTERS]):
                    self.draft.add_anchor(found[1], row)

    def _add_heading(self, number: int, found: re.Match[str]) -> Block:
        line_to, explicit = self._read_drawer(number + 1)
        title = _TAGS.sub("", found[2])
        text = show_title(title[_STATUS.match(title).end() :], _MARKUP)[:MAX_HEADING_CHARACTERS]  # type: ignore[union-attr]
        anchor = self.draft.name_heading(text, number)
        self.draft.headings.append(Heading(min(len(found[1]), _MAX_LEVEL), text, explicit or anchor, number))
        return Block(number, line_to)

    def _read_drawer(self, number: int) -> tuple[int, str | None]:
        """Return the line behind the planning and the properties of a heading, and the id among them."""
        explicit = None
        if number < len(self.lines) and self.lines[number].lstrip().startswith(("SCHEDULED:", "DEADLINE:", "CLOSED:")):
            number += 1
        if number >= len(self.lines) or self.lines[number].strip().upper() != ":PROPERTIES:":
            return number, None
        row = number + 1
        while row < len(self.lines) and (found := _PROPERTY.match(self.lines[row])):
            if found[1].upper() == "END":
                return row + 1, explicit
            if found[1].upper() in {"CUSTOM_ID", "ID"} and found[2]:
                explicit = self.draft.add_anchor(found[2].strip(), row, is_label=found[1].upper() == "ID")
            row += 1
        return number, explicit

    def _keep_field(self, name: str, value: str) -> None:
        if name.lower() not in _SETTINGS:
            self.draft.keep_field(name, value)


def _find_ended(line: str) -> str | None:
    found = _END.match(line) if "#+" in line else None
    return found[1].lower() if found else None


def _read_link(found: re.Match[str], line: int) -> Link | None:
    """Return an Org link as a URL: a search behind a file's name, or alone, is an anchor."""
    target = (found["target"] or found["included"]).strip()
    target = target.removeprefix("file:").removeprefix("./")
    path, _, search = target.partition("::")
    if target.startswith(("#", "*")):
        path, search = "", target
    if search:
        anchor = make_slug(search[1:]) if search.startswith("*") else search.removeprefix("#")
        target = f"{path}#{anchor}"
    elif not found["included"] and "/" not in target and "." not in target and ":" not in target:
        target = f"#{target}"
    is_image = target.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"))
    return None if is_image else make_link(line, target, found["text"] or "")
