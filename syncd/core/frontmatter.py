"""Finds the front matter of a document, between ``---`` (YAML) or ``+++`` (TOML) lines, and what it says.

It is read line by line: its own keys with their words, and lists of words. Aliases are never followed, so that no bomb of them goes off.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_OPENING = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*\r?\n")
_CLOSINGS = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*\r?(?:\n|\Z)", re.MULTILINE),
}
# A document may open with a rule of dashes; front matter begins with a key, a comment or a table, or is empty.
_FIRST_ENTRY = re.compile(r"\s*(?:[\w\"'.-]+[ \t]*[:=]|#|\[|\Z)")
_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*([^\n]*)(?:\n((?:[ \t]+[^\n]*(?:\n|\Z))*))?", re.MULTILINE)
_ENTRY = re.compile(
    r"^([A-Za-z_][\w.-]{0,63})[ \t]*[:=][ \t]*([^\n]*)\n?((?:[ \t]+[^\n]*(?:\n|\Z)|-[ \t][^\n]*(?:\n|\Z))*)",
    re.MULTILINE,
)
_ITEM = re.compile(r"^[ \t]*-[ \t]+([^\n]*)", re.MULTILINE)
_MAX_ENTRIES = 64
_MAX_MATTER_CHARACTERS = 16_384
_MAX_VALUE_CHARACTERS = 500
_LANGUAGE_KEYS = ("lang", "language", "locale")
_BLOCK_SCALAR = re.compile(r"[|>][+-]?\d?[+-]?")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^']|'')*)'")


class FrontMatter(NamedTuple):
    """The title that the front matter gives, the offset of the text behind it, and what else it says, by key."""

    title: str | None
    char_to: int
    metadata: Mapping[str, str]


def parse_front_matter(text: str) -> FrontMatter:
    """Return what the front matter of *text* says; without one, no title and the offset 0."""
    opening = _OPENING.match(text)
    closing = _CLOSINGS[opening[1]].search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return FrontMatter(None, 0, {})
    matter = text[opening.end() : closing.start()]
    if not _FIRST_ENTRY.match(matter):
        return FrontMatter(None, 0, {})
    return FrontMatter(_find_title(matter), closing.end(), dict(_list_entries(matter[:_MAX_MATTER_CHARACTERS])))


def find_language(metadata: Mapping[str, str]) -> str | None:
    """Return the language that a document says it is written in, or none."""
    return next((metadata[key][:35] for key in _LANGUAGE_KEYS if metadata.get(key)), None)


def clean_value(value: str) -> str:
    """Return a value of metadata as one line of bounded length, without what no database takes."""
    stored = value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return " ".join(stored.split())[:_MAX_VALUE_CHARACTERS]


def _list_entries(matter: str) -> Iterator[tuple[str, str]]:
    for count, found in enumerate(_ENTRY.finditer(matter)):
        if count == _MAX_ENTRIES:
            return
        value = clean_value(_read_value(found[2].strip(), found[3]))
        if value:
            yield found[1].lower(), value


def _find_title(matter: str) -> str | None:
    found = _TITLE.search(matter)
    return None if found is None else " ".join(_read_value(found[1].strip(), found[2] or "").split()) or None


def _read_value(value: str, below: str) -> str:
    """Return a scalar without its quotes or comment, or a list with its items joined; of anything deeper, nothing."""
    if _BLOCK_SCALAR.fullmatch(value):
        return below
    if value.startswith("[") and value.endswith("]"):
        return ", ".join(_read_value(item.strip(), "") for item in value[1:-1].split(",") if item.strip())
    if quoted := _QUOTED.match(value):
        return (quoted[1] or "").replace('\\"', '"') or (quoted[2] or "").replace("''", "'")
    if value:
        return re.split(r"(?:^|\s)#", value, maxsplit=1)[0]
    items = _ITEM.findall(below)
    return ", ".join(_read_value(item.strip(), "") for item in items if ": " not in item)
