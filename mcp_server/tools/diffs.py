"""docs_diff: what differs between two versions of a document, by line or by section."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from mcp_server.answers import Answer, TextAnswer
from mcp_server.arguments import Arguments, Text
from mcp_server.calls import Call
from mcp_server.freshness import freshness_line
from mcp_server.resolving import Target, get_target
from mcp_server.tools.reading import DEFAULT_CHARACTERS, MAX_CHARACTERS
from mcp_server.viewing import view_project
from syncd.adapters.postgres.reading.documents import ReadableDocument, find_version, get_text, list_places
from syncd.adapters.postgres.reading.histories import find_document
from syncd.core.diffing import Edit, diff_lines, format_hunks
from syncd.core.lines import split_lines
from syncd.core.sections import SectionSpan, list_sections
from syncd.errors import NotFound

_VERSION = re.compile(r"@?v([1-9][0-9]{0,8})")


class DiffArguments(Arguments):
    """Arguments of docs_diff."""

    id: Text
    since: Annotated[Text, Field(alias="from", description="v3, r42, a commit, time or session")]
    to: Annotated[Text | None, Field(description="the same; left out: now")] = None
    by: Annotated[Literal["lines", "sections"], Field(description="sections: which changed, without text")] = "lines"
    max_chars: Annotated[int, Field(ge=200, le=MAX_CHARACTERS)] = DEFAULT_CHARACTERS


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two texts; a document that was not there is an empty one."""

    label: str
    text: str
    sections: Sequence[SectionSpan]


async def show_diff(call: Call, arguments: DiffArguments) -> Answer:
    """Return the hunks of a unified diff, as many as fit, or the sections that changed."""
    target = await get_target(call, arguments.id, gone=True)
    old = await _read_side(call, target, arguments.since)
    new = await _read_side(call, target, arguments.to)
    await call.report(1, 2, "both texts are read")
    # The cost is bounded, and still too long for the loop that serves everybody.
    counts, parts = await asyncio.to_thread(_compare, old, new, by_section=arguments.by == "sections")
    head = f"{freshness_line(target.project)}\n{old.label} → {new.label} · {counts}"
    shown = _fit(parts, arguments.max_chars)
    tail = _describe_rest(len(shown), len(parts), arguments)
    return TextAnswer(head, "".join(shown), tail, f"{old.label} {new.label}")


def _compare(old: _Side, new: _Side, *, by_section: bool) -> tuple[str, Sequence[str]]:
    """Return how many lines differ, in words, and the parts of the difference."""
    old_lines, new_lines = split_lines(old.text), split_lines(new.text)
    edits = diff_lines(old_lines, new_lines)
    if not edits:
        return "the same text", ()
    added = sum(edit.new_to - edit.new_from for edit in edits)
    removed = sum(edit.old_to - edit.old_from for edit in edits)
    parts = _list_sections(old, new, edits) if by_section else format_hunks(old_lines, new_lines, edits)
    return f"+{added} -{removed} lines", tuple(parts)


async def _read_side(call: Call, target: Target, moment: str | None) -> _Side:
    document = await _find_side(call, target, moment)
    if document is None:
        return _Side(f"{target.project.name}/{target.document.path} (not there at {moment or 'the newest'})", "", ())
    text = await get_text(call.connection, document.content_hash)
    places = await list_places(call.connection, document)
    label = f"{target.project.name}/{document.path}@v{document.version}"
    return _Side(label, text, list_sections(places))


async def _find_side(call: Call, target: Target, moment: str | None) -> ReadableDocument | None:
    project, document = target.project, target.document
    version = _VERSION.fullmatch(moment.strip()) if moment else None
    if version is not None:
        found = await find_version(
            call.connection, project.project_id, document.path, version=int(version[1]), revision=project.revision
        )
        if found is None:
            raise NotFound(
                "version_not_found",
                f"{project.name}/{document.path} has no version {version[1]}.",
                hint=f'docs_history(id="{project.name}/{document.path}") lists its versions.',
            )
        return found
    view = await view_project(call, project, moment)
    return await find_document(call.connection, project.project_id, document.document_id, revision=view.revision)


def _list_sections(old: _Side, new: _Side, edits: Sequence[Edit]) -> Iterator[str]:
    """Yield a line for each section that has changed, by the text directly below its heading."""
    before = {section.headings: section for section in old.sections}
    after = {section.headings: section for section in new.sections}
    removed = _count_lines(old, [(edit.old_from, edit.old_to) for edit in edits])
    added = _count_lines(new, [(edit.new_from, edit.new_to) for edit in edits])
    for headings in dict.fromkeys((*after, *before, ())):
        plus, minus = added.get(headings, 0), removed.get(headings, 0)
        if headings not in before and headings in after:
            sign = "+"
        elif headings not in after and headings in before:
            sign = "-"
        elif plus or minus:
            sign = "~"
        else:
            continue
        section = after.get(headings) or before.get(headings)
        where = f" L{section.line_from}-{section.line_to}" if section else ""
        yield f"{sign} {' > '.join(headings) or '(before the first heading)'}{where} +{plus} -{minus}\n"


def _count_lines(side: _Side, ranges: Sequence[tuple[int, int]]) -> dict[tuple[str, ...], int]:
    """Return how many lines of *ranges* stand below each heading, counted at the deepest only."""
    counts: dict[tuple[str, ...], int] = {}
    starts = sorted((section.line_from, section.headings) for section in side.sections)
    for start, end in ranges:
        for line in range(start + 1, end + 1):
            holding = () if not starts or line < starts[0][0] else starts[_last_before(starts, line)][1]
            counts[holding] = counts.get(holding, 0) + 1
    return counts


def _last_before(starts: Sequence[tuple[int, tuple[str, ...]]], line: int) -> int:
    low, high = 0, len(starts)
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if starts[middle][0] <= line else (low, middle)
    return low


def _fit(parts: Sequence[str], max_characters: int) -> Sequence[str]:
    """Return the parts that fit; of a first one that does not, its beginning."""
    shown: list[str] = []
    for part in parts:
        max_characters -= len(part)
        if max_characters < 0:
            break
        shown.append(part)
    if parts and not shown:
        kept = parts[0][: max_characters + len(parts[0])]
        shown.append(kept[: kept.rfind("\n") + 1] or kept)
    return shown


def _describe_rest(shown: int, total: int, arguments: DiffArguments) -> str:
    if shown >= total:
        return ""
    by_section = "" if arguments.by == "sections" else ' by="sections" shows all in short;'
    return f"{shown} of {total} parts shown.{by_section} max_chars up to {MAX_CHARACTERS} shows more."
