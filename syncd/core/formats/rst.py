"""Reads reStructuredText by lines and indents: sections, directives, tables, lists. Nothing is executed, nothing included.

docutils is not used: it takes forty times as long, does not tell the lines of all that it finds, and drops what stands in
directives that it does not know, of which Sphinx documents are full.
"""

import re
from dataclasses import replace

from syncd.core.formats.draft import MAX_HEADING_CHARACTERS, MAX_NESTING, MAX_TITLE_CHARACTERS, make_draft
from syncd.core.formats.prose_links import make_link
from syncd.core.formats.rst_tables import read_grid_table, read_list_table, read_simple_table
from syncd.core.outline import Block, Heading, Link, LinkKind, Outline

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*$")
_DIRECTIVE = re.compile(r"\.\.[ \t]+(?:\|[^|]+\|[ \t]+)?([A-Za-z][\w:.+-]*)[ \t]?::(?:[ \t]+(.*))?$")
_TARGET = re.compile(r"\.\.[ \t]+_(?:`([^`]+)`|((?:[^:\\`]|\\.|:(?=\S))+)):(?:[ \t]+(.*))?$")
_BULLET = re.compile(
    r"(?:[-+*\u2022\u2023\u2043]|\(?(?:[0-9]{1,9}|[A-Za-z]|[ivxlcIVXLC]{1,8}|#)[.)])(?:[ \t]|$)|:[^:\s][^:]*:(?:[ \t]|$)"
)
_STRICT_BULLET = re.compile(r"(?:[-+*\u2022\u2023\u2043]|:[^:\s][^:]*:)(?:[ \t]|$)")
_FIELD = re.compile(r":([^:\s][^:]{0,63}):(?:[ \t]+(.*))?$")
_VERBATIM = frozenset(
    ("code", "code-block", "sourcecode", "literalinclude", "parsed-literal", "math", "raw", "highlight", "graphviz", "digraph",
     "graph", "mermaid", "uml", "plot", "tikz", "productionlist", "doctest", "testcode", "testsetup", "testoutput",
     "testcleanup", "prompt", "ipython", "jupyter-execute", "csv-table", "command-output", "code-cell", "console", "bash",
     "inheritance-diagram", "jinja")
)  # fmt: skip
_SILENT = frozenset({"index", "meta", "module", "currentmodule", "py:module", "py:currentmodule", "highlight"})
_MARKUP = re.compile(
    r"``(?P<code>.+?)``|:[\w:.+-]+:`(?P<role>[^`]+)`|`(?P<name>[^`]+)`(?:__?|:[\w:.+-]+:)?|\*\*(?P<strong>[^*]+)\*\*"
    r"|(?<![\w*])\*(?P<emphasis>[^*\s][^*]*)\*(?![\w*])|\|(?P<substitution>[^|\s][^|]*)\|_{0,2}|(?P<word>\b[A-Za-z0-9]\w*?)__?(?!\w)|\\(?P<escaped>.)"
)
_EMBEDDED = re.compile(r"(.*?)[ \t\n]*<([^<>]*)>$", re.DOTALL)
_LINK = re.compile(
    r"``(?s:.+?)``(?!`)|:(?:std:)?(?P<role>doc|ref|numref|any|download):`(?P<referred>[^`]+)`|(?<!:)`(?P<text>[^`<]*)<(?P<target>[^`<>]+)>`__?"
)
_LABEL_ROLES = {"ref": LinkKind.LABEL, "numref": LinkKind.LABEL, "any": LinkKind.ANY}


def make_rst_outline(text: str) -> Outline:
    """Return the outline of *text*."""
    reader = _Reader(text)
    blocks = reader.read(0, len(reader.lines), 0, depth=0)
    return reader.draft.make_outline(blocks, _LINK, _read_link)


def normalise_label(name: str) -> str:
    """Return the form in which a label is known: letter case and runs of spaces do not count."""
    return " ".join(name.replace("\\", "").split()).lower()


class _Reader:
    """Reads the lines of one text into its draft."""

    def __init__(self, text: str) -> None:
        self.draft = make_draft(text)
        self.lines = self.draft.lines
        self.indents = [_indent_of(line) for line in self.lines]
        self.styles: list[tuple[str, bool]] = []
        # The first of the labels and the like that stand right above, and how many they are.
        self.lead: tuple[int, int] | None = None

    def read(self, begin: int, end: int, indent: int, *, depth: int) -> list[Block]:
        """Return the blocks of the lines from *begin* to *end*, which stand at *indent*."""
        blocks: list[Block] = []
        number = begin
        while number < end:
            if self.indents[number] < 0:
                number += 1
                continue
            lead, self.lead = self.lead, None
            block = self._read_block(number, end, indent, depth=depth, lead=lead)
            if depth == 0 and self._is_silent(block):
                self.lead = (lead[0], lead[1] + 1) if lead else (number, 1)
            blocks.append(block)
            number = max(block.line_to, number + 1)
            if self.lines[number - 1].endswith("::") and not _DIRECTIVE.match(self.lines[block.line_from].strip()):
                literal = self._find_literal(number, end, indent)
                if literal is not None:
                    self.draft.mark_verbatim(literal.line_from, literal.line_to)
                    blocks.append(literal)
                    number = literal.line_to
        return blocks

    def _read_block(self, number: int, end: int, indent: int, *, depth: int, lead: tuple[int, int] | None) -> Block:
        if self.indents[number] > indent:
            line_to = self._find_dedent(number + 1, end, indent)
            return Block(number, line_to, inner=self._read_inner(number, line_to, depth=depth))
        line = self.lines[number].lstrip()
        if depth == 0 and (section_to := self._find_section(number, end)):
            return self._add_heading(number, section_to, lead)
        if line == ".." or line.startswith((".. ", "..\t")):
            return self._read_explicit(number, end, indent, depth=depth)
        table = self._read_table(number, end, line)
        if table is not None:
            return table
        if line.startswith(">>> "):
            return self._read_doctest(number, end)
        return self._read_text(number, end, indent, depth=depth)

    def _read_inner(self, begin: int, end: int, *, depth: int) -> tuple[Block, ...]:
        if depth >= MAX_NESTING or begin >= end:
            return ()
        indent = min((one for one in self.indents[begin:end] if one >= 0), default=0)
        return tuple(self.read(begin, end, indent, depth=depth + 1))

    def _read_text(self, number: int, end: int, indent: int, *, depth: int) -> Block:
        """Read a paragraph, an item of a list, or a term with its definition."""
        is_item = _BULLET.match(self.lines[number].lstrip()) is not None
        if is_item and depth == 0:
            self._read_field(number)
        line_to = number + 1
        while not is_item and line_to < end and self.indents[line_to] == indent and not self._begins_explicit(line_to):
            line_to += 1
        if line_to < end and (is_item or self.indents[line_to] > indent):
            inner_from, line_to = line_to, self._find_dedent(line_to, end, indent)
            return Block(number, line_to, inner=self._read_inner(inner_from, line_to, depth=depth))
        return Block(number, line_to)

    def _begins_explicit(self, number: int) -> bool:
        return self.lines[number].lstrip().startswith(".. ")

    def _read_field(self, number: int) -> None:
        """Keep a field of the document: those stand at its head, or right below its title."""
        found = _FIELD.match(self.lines[number])
        if found and len(self.draft.headings) <= 1:
            self.draft.keep_field(found[1], found[2] or "")

    def _read_doctest(self, number: int, end: int) -> Block:
        line_to = number
        while line_to < end and self.indents[line_to] >= 0:
            line_to += 1
        self.draft.mark_verbatim(number, line_to)
        return Block(number, line_to)

    def _read_table(self, number: int, end: int, line: str) -> Block | None:
        table = None
        if len(line) > MAX_TITLE_CHARACTERS:
            return None
        if line.startswith(("+-", "+=")):
            table = read_grid_table(self.lines, number, end)
        elif line.startswith("="):
            table = read_simple_table(self.lines, number, end)
        return table

    def _read_explicit(self, number: int, end: int, indent: int, *, depth: int) -> Block:
        """Read a directive, a target, a footnote or a comment: all that is indented below it is its own."""
        line_to = self._find_dedent(number + 1, end, indent)
        line = self.lines[number].lstrip()
        block = Block(number, line_to)
        if directive := _DIRECTIVE.match(line):
            block = self._read_directive(directive[1].lower(), directive[2] or "", block, depth=depth)
        elif target := _TARGET.match(line):
            self._read_target(target, number, line_to)
        elif line.startswith(".. ["):
            block = replace(block, inner=self._read_inner(number + 1, line_to, depth=depth))
        else:
            self.draft.mark_verbatim(number, line_to)
        return block

    def _is_silent(self, block: Block) -> bool:
        """Whether a block belongs to the heading that follows it: a label, an index entry; at the head also fields and comments."""
        line = self.lines[block.line_from]
        if directive := _DIRECTIVE.match(line):
            return directive[1].lower() in _SILENT
        if target := _TARGET.match(line):
            return not (target[3] or "").strip() and block.line_to == block.line_from + 1
        return not self.draft.headings and (line == ".." or line.startswith(".. ") or _FIELD.match(line) is not None)

    def _read_directive(self, name: str, argument: str, block: Block, *, depth: int) -> Block:
        content_from = self._read_options(name, block)
        if name in {"include", "literalinclude"} and argument:
            self.draft.links.append(make_link(block.line_from + 1, argument, argument))
        if name == "toctree":
            self._read_toctree(content_from, block.line_to)
        if name in _VERBATIM or name.rpartition(":")[2] in _VERBATIM:
            self.draft.mark_verbatim(block.line_from, block.line_to)
            return replace(block, header_to=block.line_from + 1)
        if name == "list-table":
            return read_list_table(self.lines, block, content_from)
        return replace(block, inner=self._read_inner(content_from, block.line_to, depth=depth))

    def _read_options(self, name: str, block: Block) -> int:
        """Return the line behind a directive's options; a name among them is a label."""
        number = block.line_from + 1
        while number < block.line_to and (found := _FIELD.match(self.lines[number].lstrip())):
            if found[1] == "name" and found[2]:
                self.draft.add_anchor(normalise_label(found[2]), number, is_label=True)
            elif name == "meta":
                self.draft.keep_field(found[1], found[2] or "")
            number += 1
        return number

    def _read_toctree(self, begin: int, end: int) -> None:
        for number in range(begin, end):
            entry = self.lines[number].strip()
            found = _EMBEDDED.match(entry)
            target = found[2] if found else entry
            if target and target not in {"self", "genindex", "modindex", "search"} and "*" not in target:
                self.draft.links.append(make_link(number + 1, target, found[1] if found else ""))
        self.draft.mark_verbatim(begin, end)

    def _read_target(self, target: re.Match[str], number: int, line_to: int) -> None:
        name = target[1] or target[2]
        address = "".join(" ".join([target[3] or "", *self.lines[number + 1 : line_to]]).split())
        if not address:
            self.draft.add_anchor(normalise_label(name), number, is_label=True)
        elif not address.endswith("_"):
            self.draft.links.append(make_link(number + 1, address, "" if name == "_" else name))
        self.draft.mark_verbatim(number, line_to)

    def _find_section(self, number: int, end: int) -> int:
        """Return the line behind the title that begins here, or 0."""
        line, following = self.lines[number], self.lines[number + 1] if number + 1 < end else ""
        if len(line) > MAX_TITLE_CHARACTERS or not following:
            return 0
        if _ADORNMENT.match(line):
            under = self.lines[number + 2] if number + 2 < end else ""
            is_over = under[:1] == line[0] and _ADORNMENT.match(under) and not _ADORNMENT.match(following)
            return number + 3 if is_over and _is_long_enough(line, following.strip()) else 0
        if (
            not _ADORNMENT.match(following)
            or _STRICT_BULLET.match(line)
            or line.startswith((".. ", "__ ", "| ", ">>> "))
        ):
            return 0
        return number + 2 if _is_long_enough(following, line) else 0

    def _add_heading(self, number: int, line_to: int, lead: tuple[int, int] | None) -> Block:
        is_over = line_to == number + 3
        style = (self.lines[number if is_over else number + 1][0], is_over)
        if style not in self.styles:
            self.styles.append(style)
        text = _strip_markup(self.lines[number + 1 if is_over else number].strip())[:MAX_HEADING_CHARACTERS]
        docutils_id = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        anchor = self.draft.name_heading(text, number, docutils_id)
        line_from, leads = lead or (number, 0)
        self.draft.headings.append(Heading(self.styles.index(style) + 1, text, anchor, line_from, leads + 1))
        return Block(number, line_to)

    def _find_literal(self, number: int, end: int, indent: int) -> Block | None:
        while number < end and self.indents[number] < 0:
            number += 1
        if number >= end or self.indents[number] <= indent:
            return None
        return Block(number, self._find_dedent(number, end, indent))

    def _find_dedent(self, number: int, end: int, indent: int) -> int:
        """Return the line behind the last of those that are indented deeper, or blank between such."""
        last = number
        while number < end and (self.indents[number] < 0 or self.indents[number] > indent):
            number += 1
            if self.indents[number - 1] >= 0:
                last = number
        return last


def _indent_of(line: str) -> int:
    """Return how far a line is indented, in columns; -1: it is blank."""
    stripped = line.lstrip()
    if not stripped:
        return -1
    space = line[: len(line) - len(stripped)]
    return len(space.expandtabs(8)) if "\t" in space else len(space)


def _is_long_enough(adornment: str, title: str) -> bool:
    return len(adornment) >= min(len(title), 4)


def _strip_markup(title: str) -> str:
    def reveal(found: re.Match[str]) -> str:
        shown = next((part for part in found.groups() if part is not None), "")
        embedded = _EMBEDDED.match(shown) if found.lastgroup in {"role", "name"} else None
        return embedded[1] if embedded and embedded[1] else shown

    return " ".join(_MARKUP.sub(reveal, title).split())


def _read_link(found: re.Match[str], line: int) -> Link | None:
    if found["target"]:
        target = found["target"].strip()
        return None if target.endswith("_") else make_link(line, "".join(target.split()), found["text"])
    if not found["role"]:
        return None
    referred = found["referred"].lstrip("!~")
    embedded = _EMBEDDED.match(referred)
    target, shown = (embedded[2], embedded[1]) if embedded else (referred, "")
    kind = _LABEL_ROLES.get(found["role"], LinkKind.URL)
    if kind is LinkKind.URL or not target:
        return make_link(line, target, shown) if target else None
    return replace(make_link(line, normalise_label(target) if kind is LinkKind.LABEL else target, shown), kind=kind)
