"""Reads Jupyter notebooks as the Markdown that they show: cells in order, code in fences, what it put out left away.

A line of that Markdown begins where its string stands in the file, so that blocks tile the JSON as it is stored.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from syncd.core.formats.json_places import Place, list_places
from syncd.core.frontmatter import clean_value
from syncd.core.lines import line_at, line_starts
from syncd.core.markdown import make_markdown_outline
from syncd.core.outline import Outline, Replaced, make_plain_outline

_MAX_FIELDS = 64
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_TICKS = re.compile("`{3,}")
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")


def make_notebook_outline(text: str) -> Outline:
    """Return the outline of *text*, the JSON of a notebook of version 3 or 4."""
    try:
        # Numbers stay text: one of a million digits would be refused, and costs the square of that.
        notebook = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        return make_plain_outline(fallback=f"it is no JSON: {_describe(error)}")
    cells = list(_list_cells(text))
    if not isinstance(notebook, dict) or not cells:
        return make_plain_outline(fallback="it is no notebook: it has no cells")
    metadata = notebook.get("metadata")
    facts = metadata if isinstance(metadata, dict) else {}
    language = _find_language(facts)
    page = _Page(text)
    for cell in cells:
        page.add(cell, language)
    outline = make_markdown_outline(page.finish())
    if outline.fallback:
        return make_plain_outline(fallback=outline.fallback)
    starts = line_starts(text)
    title = facts.get("title")
    return replace(
        outline,
        title=clean_value(title) if isinstance(title, str) and title.strip() else outline.title,
        links=tuple(replace(link, line=line_at(starts, page.starts[link.line - 1])) for link in outline.links),
        anchors=tuple(replace(one, line=line_at(starts, page.starts[one.line - 1])) for one in outline.anchors),
        language=outline.language or language or None,
        metadata={**_list_fields(facts), **outline.metadata},
        starts=page.starts,
        replaced=page.replaced,
    )


@dataclass(slots=True)
class _Cell:
    """A cell as it is read: where it begins, of which kind it is, and the strings of its source."""

    char_from: int
    kind: str = ""
    level: int = 0
    source: list[Place] = field(default_factory=list)


class _Page:
    """The Markdown so far: what is *shown*, where its lines *start* in the file, and what of the file is *replaced* by what."""

    def __init__(self, text: str) -> None:
        self.shown: list[str] = []
        self.starts = [0]
        self.replaced: list[Replaced] = []
        self._text = text
        self._read_to = 0

    def add(self, cell: _Cell, language: str) -> None:
        """Add a cell: its source, between what Markdown has around it."""
        if not any(string.char_to - string.char_from > 2 for string in cell.source):
            return
        before, after = "", "\n"
        if cell.kind == "code":
            fence = self._make_fence(cell)
            before, after = f"{fence}{language}\n", f"\n{fence}\n"
        elif cell.kind == "heading":
            before = "#" * min(max(cell.level, 1), 6) + " "
        self._replace(cell.char_from, "\n" if self._read_to else "")
        self._replace(cell.source[0].char_from + 1, before)
        for string in cell.source:
            self._add_string(string)
        self._replace(cell.source[-1].char_to, after)

    def finish(self) -> str:
        """Show nothing of what is left of the file; return the page."""
        self._replace(len(self._text), "")
        return "".join(self.shown)

    def _make_fence(self, cell: _Cell) -> str:
        ticks = [len(run) for one in cell.source for run in _TICKS.findall(self._text, one.char_from, one.char_to)]
        return "`" * max([3, *(count + 1 for count in ticks)])

    def _add_string(self, string: Place) -> None:
        """Show a JSON string without its quotes, and each escape as what it stands for."""
        begins_line = len(self.starts) > 1 and self.starts[-1] == self._read_to
        self._replace(string.char_from + 1, "")
        if begins_line:
            self.starts[-1] = self._read_to
        for escape in _ESCAPE.finditer(self._text, string.char_from + 1, string.char_to - 1):
            self._copy(escape.start())
            self._replace(escape.end(), _unescape(escape))
        self._copy(string.char_to - 1)

    def _copy(self, char_to: int) -> None:
        # A JSON string holds no line feed.
        if char_to > self._read_to:
            self.shown.append(self._text[self._read_to : char_to])
            self._read_to = char_to

    def _replace(self, char_to: int, shown: str) -> None:
        """Show something instead of the file up to *char_to*: what begins within it begins where it does, what follows it behind it."""
        if char_to > self._read_to:
            inside = shown.count("\n") - shown.endswith("\n")
            self.starts += [self._read_to] * inside + [char_to] * shown.endswith("\n")
            self.shown.append(shown)
            self.replaced.append(Replaced(self._read_to, char_to, shown))
            self._read_to = char_to


def _list_cells(text: str) -> Iterator[_Cell]:
    """Yield the cells of a notebook, wherever its version keeps them."""
    cell: _Cell | None = None
    for place in list_places(text):
        path = place.path[2:] if place.path[:1] == ("worksheets",) else place.path
        if path[:1] != ("cells",) or len(path) < 2:
            continue
        if len(path) == 2 and text[place.char_from] == "{":
            cell = _Cell(place.char_from)
        elif len(path) == 2 and text[place.char_from] == "}" and cell is not None:
            yield cell
            cell = None
        elif cell is not None:
            _read_member(cell, path[2:], place, text)


def _read_member(cell: _Cell, path: tuple[str | int, ...], place: Place, text: str) -> None:
    is_string = text[place.char_from] == '"'
    if path[0] in {"source", "input"} and is_string and len(path) <= 2:
        cell.source.append(place)
    elif path == ("cell_type",) and is_string:
        cell.kind = text[place.char_from + 1 : place.char_to - 1]
    elif path == ("level",) and text[place.char_from : place.char_to].isdigit():
        cell.level = min(int(text[place.char_from : min(place.char_to, place.char_from + 3)]), 6)


def _find_language(metadata: Mapping[str, object]) -> str:
    """Return the language of a notebook's code, as its kernel names it, or an empty text."""
    for part, name in (("language_info", "name"), ("kernelspec", "language"), ("kernelspec", "name")):
        facts = metadata.get(part)
        language = facts.get(name) if isinstance(facts, dict) else None
        if isinstance(language, str) and _LANGUAGE.fullmatch(language):
            return language.lower()
    return ""


def _list_fields(metadata: Mapping[str, object]) -> dict[str, str]:
    plain = {name: value for name, value in metadata.items() if isinstance(value, str) and clean_value(value)}
    kernel = metadata.get("kernelspec")
    if isinstance(kernel, dict) and isinstance(kernel.get("display_name"), str):
        plain["kernel"] = kernel["display_name"]
    return {clean_value(name)[:64]: clean_value(value) for name, value in list(plain.items())[:_MAX_FIELDS]}


def _unescape(escape: re.Match[str]) -> str:
    if escape[3]:
        return _ESCAPED.get(escape[3], escape[3])
    # A lone half of a pair, and a NUL, are text that no database takes.
    decoded = json.loads(f'"{escape[0]}"').replace("\0", "\ufffd")
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in decoded)


def _describe(error: Exception) -> str:
    return f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "it is nested too deep"
