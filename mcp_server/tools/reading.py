"""docs_read and fetch: the text of a document, as much as fits, and how to go on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from mcp_server.answers import Answer, Json, TextAnswer, ValueAnswer
from mcp_server.arguments import Arguments, At, Text, Version
from mcp_server.calls import Asker, Call
from mcp_server.freshness import freshness_line, freshness_values
from mcp_server.resolving import Target, find_at_once, get_target
from syncd.adapters.postgres.reading.at_once import ReadDocument
from syncd.adapters.postgres.reading.documents import get_text, list_places
from syncd.adapters.postgres.reading.links import find_anchor
from syncd.core.leads import list_anchor_names
from syncd.core.lines import count_lines
from syncd.core.references import parse_lines
from syncd.core.sections import (
    Cut,
    Place,
    SectionSpan,
    cut_characters,
    cut_lines,
    find_section,
    list_sections,
    nearest_sections,
)
from syncd.errors import NotFound, Rejected

DEFAULT_CHARACTERS = 20_000
MAX_CHARACTERS = 100_000
_LAST_LINE = 999_999_999


class ReadArguments(Arguments):
    """Arguments of docs_read."""

    id: Text
    section: Annotated[Text | None, Field(description="anchor or heading")] = None
    lines: Annotated[Text | None, Field(description='"10-48" or "181-"')] = None
    max_chars: Annotated[int, Field(ge=200, le=MAX_CHARACTERS)] = DEFAULT_CHARACTERS
    at: At = None
    if_version: Annotated[
        Version | None, Field(description='the version you have: answers "unchanged" while it holds')
    ] = None


class FetchArguments(Arguments):
    """Arguments of fetch, as OpenAI's connectors call it."""

    id: Text


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which part of a document is wanted, and how much of it."""

    section: str | None = None
    lines: str | None = None
    max_characters: int = DEFAULT_CHARACTERS


@dataclass(frozen=True, slots=True)
class _Reading:
    target: Target
    cut: Cut
    total_lines: int

    @property
    def shown_lines(self) -> tuple[int, int]:
        return (self.cut.line_from, self.cut.line_to)

    @property
    def following(self) -> str | None:
        """Return the id of what goes on after the cut; none where nothing does."""
        if self.cut.rest is not None:
            first, last = self.cut.rest
            return f"{self.target.document_id}:C{first}-{last}"
        if self.cut.next_line is not None:
            return f"{self.target.document_id}:L{self.cut.next_line}-{self.total_lines}"
        return None


async def read_document(call: Call, arguments: ReadArguments) -> Answer:
    """Return the text that was asked for, cut at a heading or line."""
    target = await get_target(call, arguments.id, at=arguments.at)
    if arguments.if_version == target.document.version:
        return _say_unchanged(target)
    return await read_target(
        call, target, section=arguments.section, lines=arguments.lines, max_characters=arguments.max_chars
    )


async def read_at_once(asker: Asker, arguments: ReadArguments) -> Answer | None:
    """Return the same by one statement, where an exact id asks for what is newest."""
    if arguments.at is not None:
        return None
    wanted = _Wanted(arguments.section, arguments.lines, arguments.max_chars)
    found = await _find(asker, arguments.id, wanted)
    if found is None:
        return None
    target, content = found
    if arguments.if_version == target.document.version:
        return _say_unchanged(target)
    return _make_answer(_read(target, content.text, content.places, wanted))


async def read_target(
    call: Call, target: Target, *, section: str | None = None, lines: str | None = None, max_characters: int
) -> TextAnswer:
    """Return the text that a target, or a section or lines of it, names."""
    return _make_answer(await _load(call, target, _Wanted(section, lines, max_characters)))


async def fetch_document(call: Call, arguments: FetchArguments) -> Answer:
    """Return a document, or the lines that its id names, in OpenAI's shape."""
    return _make_values(arguments.id, await _load(call, await get_target(call, arguments.id), _Wanted()))


async def fetch_at_once(asker: Asker, arguments: FetchArguments) -> Answer | None:
    """Return the same by one statement, for an exact id."""
    found = await _find(asker, arguments.id, _Wanted())
    if found is None:
        return None
    target, content = found
    return _make_values(arguments.id, _read(target, content.text, content.places, _Wanted()))


async def _find(asker: Asker, text: str, wanted: _Wanted) -> tuple[Target, ReadDocument] | None:
    """Return what an exact id names, but for a name that no heading has: labels are looked up in a transaction."""
    found = await find_at_once(
        asker, text, with_places=wanted.section is not None, max_characters=wanted.max_characters
    )
    if found is None or _name_unlisted(found[0], found[1].places, wanted) is not None:
        return None
    return found


def _say_unchanged(target: Target) -> TextAnswer:
    return TextAnswer(f"{freshness_line(target.project)}\n{target.document_id} · unchanged", "", "", "")


def _make_answer(reading: _Reading) -> TextAnswer:
    target, (first, last) = reading.target, reading.shown_lines
    span = f"lines {first}-{last} of {reading.total_lines}" if last >= first else f"{reading.total_lines} lines"
    url = target.link((first, last) if last >= first else None)
    head = f"{freshness_line(target.project)}\n{target.document_id} · {span} · {url}"
    source = f"{target.document_id}:L{first}-{last}"
    return TextAnswer(head, reading.cut.text, _describe_rest(reading), source)


def _make_values(asked: str, reading: _Reading) -> ValueAnswer:
    target, (first, last) = reading.target, reading.shown_lines
    whole = (first, last) == (1, reading.total_lines)
    metadata: dict[str, Json] = {
        **freshness_values(target.project),
        "path": target.document.path,
        "version": target.document.version,
        "lines": f"{first}-{last}",
        "totalLines": reading.total_lines,
        "integrity": "untrusted",
    }
    if reading.following is not None:
        metadata["next"] = reading.following
    return ValueAnswer(
        {
            "id": asked,
            "title": target.document.title,
            "text": reading.cut.text,
            "url": target.link(None if whole or last < first else (first, last)),
            "metadata": metadata,
        }
    )


async def _load(call: Call, target: Target, wanted: _Wanted) -> _Reading:
    text = await get_text(call.connection, target.document.content_hash)
    places = await list_places(call.connection, target.document)
    named = _name_unlisted(target, places, wanted)
    if named is not None:
        line = await find_anchor(call.connection, target.document, list_anchor_names(named))
        if line is not None:
            wanted = replace(wanted, section=None, lines=_choose_lines_from(list_sections(places), line))
    return _read(target, text, places, wanted)


def _choose_lines_from(sections: Sequence[SectionSpan], line: int) -> str:
    """Return the lines that a name speaks of: the section that begins with it, or what follows it up to the next."""
    begun = next((span for span in sections if span.line_from == line), None)
    if begun is not None:
        return f"{line}-{begun.line_to}"
    following = min((span.line_from for span in sections if span.line_from > line), default=None)
    return f"{line}-" if following is None else f"{line}-{following - 1}"


def _name_unlisted(target: Target, places: Sequence[Place], wanted: _Wanted) -> str | None:
    """Return the section that is asked for, if it is not that of a heading."""
    named = wanted.section or target.anchor
    if named is None or wanted.lines is not None or find_section(list_sections(places), named) is not None:
        return None
    return named


def _read(target: Target, text: str, places: Sequence[Place], wanted: _Wanted) -> _Reading:
    """Return the reading of a text. *places* matter only to what names a section, or is longer than is wanted."""
    sections = list_sections(places)
    total = count_lines(text)
    if target.characters is not None and wanted.section is None and wanted.lines is None:
        if target.characters[0] > len(text):
            raise _beyond_end(total)
        return _Reading(target, cut_characters(text, target.characters, max_characters=wanted.max_characters), total)
    lines = _choose_lines(target, sections, section=wanted.section, lines=wanted.lines, total=total)
    headings = [span.line_from for span in sections]
    return _Reading(target, cut_lines(text, lines, max_characters=wanted.max_characters, headings=headings), total)


def _choose_lines(
    target: Target, sections: tuple[SectionSpan, ...], *, section: str | None, lines: str | None, total: int
) -> tuple[int, int]:
    if lines is not None:
        return _parse_lines(lines, total)
    named = section or target.anchor
    if named is not None:
        found = find_section(sections, named)
        if found is None:
            raise _no_section(target, sections, named)
        return (found.line_from, found.line_to)
    if target.lines is not None and target.lines[0] > max(total, 1):
        raise _beyond_end(total)
    return target.lines or (1, max(total, 1))


def _parse_lines(lines: str, total: int) -> tuple[int, int]:
    asked = lines.strip()
    parsed = parse_lines(f"{asked}{_LAST_LINE}") if asked.endswith("-") else parse_lines(asked)
    if parsed is None:
        raise Rejected(
            "lines_invalid", f"{lines[:50]!r} are no lines.", hint='Write "10-48", "12" or "181-" (to the end).'
        )
    if parsed[0] > max(total, 1):
        raise _beyond_end(total)
    return parsed


def _beyond_end(total: int) -> Rejected:
    return Rejected(
        "lines_beyond_end", f"The document ends at line {total}.", hint=f'Ask for lines within "1-{total}".'
    )


def _no_section(target: Target, sections: tuple[SectionSpan, ...], named: str) -> NotFound:
    near = ", ".join(nearest_sections(sections, named))
    hint = f"Nearest sections: {near}. " if near else "The document has no headings. "
    return NotFound(
        "section_not_found",
        f"{target.document_id} has no section {named[:200]!r}.",
        hint=f'{hint}Call docs_read(id="{target.document_id}") for the whole.',
    )


def _describe_rest(reading: _Reading) -> str:
    if reading.cut.next_line is not None:
        return f'Cut here. Go on: docs_read(id="{reading.target.document_id}", lines="{reading.cut.next_line}-")'
    if reading.following is not None:
        return f'Cut here. Go on: docs_read(id="{reading.following}")'
    return ""
