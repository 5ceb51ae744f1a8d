"""Finds the front matter of a document, between ``---`` (YAML) or ``+++`` (TOML) lines, and the title in it."""

import re
from typing import NamedTuple

_OPENING = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*\r?\n")
_CLOSINGS = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*\r?(?:\n|\Z)", re.MULTILINE),
}
# A document may open with a rule of dashes; front matter begins with a key, a comment or a table, or is empty.
_FIRST_ENTRY = re.compile(r"\s*(?:[\w\"'.-]+[ \t]*[:=]|#|\[|\Z)")
_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*([^\n]*)(?:\n((?:[ \t]+[^\n]*(?:\n|\Z))*))?", re.MULTILINE)
_BLOCK_SCALAR = re.compile(r"[|>][+-]?\d?[+-]?")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^']|'')*)'")


class FrontMatter(NamedTuple):
    """The title that the front matter gives, and the offset of the text behind it."""

    title: str | None
    char_to: int


def parse_front_matter(text: str) -> FrontMatter:
    """Return what the front matter of *text* says; without one, no title and the offset 0."""
    opening = _OPENING.match(text)
    closing = _CLOSINGS[opening[1]].search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return FrontMatter(None, 0)
    matter = text[opening.end() : closing.start()]
    if not _FIRST_ENTRY.match(matter):
        return FrontMatter(None, 0)
    return FrontMatter(_find_title(matter), closing.end())


def _find_title(matter: str) -> str | None:
    found = _TITLE.search(matter)
    if found is None:
        return None
    value = found[1].strip()
    if _BLOCK_SCALAR.fullmatch(value):
        value = found[2] or ""
    elif quoted := _QUOTED.match(value):
        value = (quoted[1] or "").replace('\\"', '"') or (quoted[2] or "").replace("''", "'")
    else:
        value = re.split(r"(?:^|\s)#", value, maxsplit=1)[0]
    return " ".join(value.split()) or None
