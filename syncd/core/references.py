"""Ids as agents write them: `project/path`, `project/path#anchor`, `project/path@v12`, `project/path@v12:L10-48`, `project/path@v12:L9-9:C1-800`.

A path may itself hold `#` or `@v`, so an id has several readings; the one whose exact path exists is meant, longest first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

from syncd.core.paths import FORMAT_BY_EXTENSION

_SCHEME = "doc://"
_BLOB_URL = re.compile(
    r"https?://[^/\s]+/(?P<repository>[^/\s]+/[^/\s]+)/(?:blob|raw|tree|edit|blame)/(?P<rest>[^?#]+)"
    r"(?:\?[^#]*)?(?:#(?P<fragment>.*))?"
)
_LINES = re.compile(r"L(?P<first>[1-9][0-9]{0,8})(?:C[0-9]+)?(?:-L?(?P<last>[1-9][0-9]{0,8})(?:C[0-9]+)?)?")
_SUFFIX = re.compile(
    rf"(?:@v(?P<version>[1-9][0-9]{{0,8}}))?(?::(?P<lines>{_LINES.pattern.replace('?P<', '?P<in_')}))?"
    r"(?::C(?P<first>[1-9][0-9]{0,8})-(?P<last>[1-9][0-9]{0,8}))?$"
)
INDEX_NAMES = ("index", "README", "readme")


@dataclass(frozen=True, slots=True)
class Reference:
    """One reading of an id, its project still unseparated: *name* is `project/path`.

    Lines, and characters of the whole text, count from 1, both ends included.
    """

    name: str
    version: int | None = None
    anchor: str | None = None
    lines: tuple[int, int] | None = None
    characters: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class BlobUrl:
    """A file's URL at a repository host. *rest* is `ref/path`, and a ref may hold slashes."""

    repository: str
    rest: str
    anchor: str | None
    lines: tuple[int, int] | None


def parse_blob_url(text: str) -> BlobUrl | None:
    """Return the parts of a GitHub blob URL, or none when *text* is something else."""
    match = _BLOB_URL.fullmatch(text.strip())
    if match is None:
        return None
    fragment = unquote(match["fragment"] or "")
    lines = parse_lines(fragment)
    anchor = fragment if fragment and lines is None else None
    return BlobUrl(match["repository"], unquote(match["rest"]), anchor, lines)


def list_readings(text: str) -> tuple[Reference, ...]:
    """Return what *text* may mean, the most literal reading first. Empty for text without a project or a path."""
    literal = text.strip()
    if literal.startswith(_SCHEME):
        literal = unquote(literal.removeprefix(_SCHEME))
    literal = literal.lstrip("/")
    readings = dict.fromkeys(_split_readings(literal))
    return tuple(reading for reading in readings if "/" in reading.name.strip("/"))


def split_project(name: str) -> tuple[str, str]:
    """Return project and path of `project/path`; a project's name has no slash."""
    project, _, path = name.partition("/")
    return project, path.strip("/")


def list_spellings(path: str, docs_path: str | None) -> tuple[str, ...]:
    """Return the paths that *path* may stand for, the most literal first: below the docs path, without its extension, a folder's index."""
    clean = "/".join(segment for segment in path.split("/") if segment not in {"", "."})
    bases = [clean]
    if docs_path and not clean.startswith(f"{docs_path}/"):
        bases.append(f"{docs_path}/{clean}".rstrip("/"))
    found = dict.fromkeys(bases)
    for base in bases:
        found.update(dict.fromkeys(f"{base}.{extension}" for extension in FORMAT_BY_EXTENSION))
    for base in bases:
        folder = f"{base}/" if base else ""
        found.update(dict.fromkeys(f"{folder}{name}.{ext}" for name in INDEX_NAMES for ext in FORMAT_BY_EXTENSION))
    return tuple(spelling for spelling in found if spelling)


def parse_lines(text: str) -> tuple[int, int] | None:
    """Return first and last line of `L10-48`, `L10-L48`, `10-48` or `10`, or none when it is no such thing."""
    stripped = text.strip()
    match = _LINES.fullmatch(stripped if stripped.startswith("L") else f"L{stripped}")
    if match is None:
        return None
    first = int(match["first"])
    return _order(first, int(match["last"] or first))


def _order(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one <= other else (other, one)


def format_document_id(project: str, path: str, *, version: int | None = None) -> str:
    """Return the id of a document, pinned to *version* where one is given."""
    return f"{project}/{path}" if version is None else f"{project}/{path}@v{version}"


def format_chunk_id(
    project: str, path: str, *, version: int, lines: tuple[int, int], characters: tuple[int, int] | None = None
) -> str:
    """Return the id of a chunk: its document's version and its lines; *characters* where it is one of several in them."""
    part = "" if characters is None else f":C{characters[0]}-{characters[1]}"
    return f"{project}/{path}@v{version}:L{lines[0]}-{lines[1]}{part}"


def _split_readings(literal: str) -> Iterator[Reference]:
    yield Reference(literal)
    yield from _split_suffix(literal, anchor=None)
    # The last hash first: a path with a hash in it is likelier than an anchor with one.
    place = literal.rfind("#")
    while place > 0:
        name, anchor = literal[:place], literal[place + 1 :]
        lines = parse_lines(anchor) if anchor.startswith("L") else None
        named = None if lines else anchor or None
        yield Reference(name, anchor=named, lines=lines)
        for reading in _split_suffix(name, anchor=named):
            yield replace(reading, lines=reading.lines or lines)
        place = literal.rfind("#", 0, place)


def _split_suffix(literal: str, *, anchor: str | None) -> Iterator[Reference]:
    match = _SUFFIX.search(literal)
    if match is None or match.start() == len(literal):
        return
    part = Reference(
        literal[: match.start()],
        version=int(match["version"]) if match["version"] else None,
        anchor=anchor,
        lines=parse_lines(match["lines"]) if match["lines"] else None,
        characters=_order(int(match["first"]), int(match["last"])) if match["first"] else None,
    )
    if part.version is not None and (part.lines or part.characters):
        # `path@v3` may be a file's name, with a part of it asked for.
        yield replace(part, name=literal[: match.end("version")], version=None)
    yield part
