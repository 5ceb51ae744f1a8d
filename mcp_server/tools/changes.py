"""docs_changes: what was added, modified, renamed and deleted since a moment, exactly, also while syncs go on."""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from mcp_server.answers import Answer, Json, ValueAnswer
from mcp_server.arguments import Arguments, Cursor, Text
from mcp_server.calls import Call
from mcp_server.freshness import format_time, freshness_values
from mcp_server.viewing import is_moment, view_project, view_projects
from syncd.adapters.postgres.reading.changes import BEFORE_THE_FIRST, Change, list_changes
from syncd.adapters.postgres.reading.documents import list_documents, make_path_range
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.core.ids import ProjectId
from syncd.core.references import format_document_id
from syncd.errors import Rejected, SyncdError

PAGE = 100
MAX_PROJECTS = 200
_EVERYTHING = "r0"
_SPAN = struct.Struct(">16sII")


class ChangesArguments(Arguments):
    """Arguments of docs_changes."""

    since: Annotated[Cursor, Field(description="r42, commit, time, session, or nextSince; r0: all")]
    project: Text | None = None
    at: Annotated[Text | None, Field(description="up to this moment; left out: now")] = None
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class _Span:
    """The revisions of a project that are compared: fixed by the first page, so that no sync moves the others."""

    project: ReadableProject
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: within which span, and beyond which position in it."""

    index: int = 0
    position: tuple[str, int] = BEFORE_THE_FIRST


async def show_changes(call: Call, arguments: ChangesArguments) -> Answer:
    """Return the changes of a project, or of every project in view, up to a moment, page by page."""
    if arguments.project is None:
        projects = await view_projects(call, call.projects, arguments.at)
    else:
        projects = [await view_project(call, call.get_project(arguments.project), arguments.at)]
    if len(projects) > MAX_PROJECTS:
        raise Rejected(
            "project_required",
            f"There are more than {MAX_PROJECTS} projects.",
            hint="Name one: docs_changes(project=…, since=…).",
        )
    purpose = f"docs_changes {arguments.project or ''} {arguments.at or ''} {arguments.since}"
    if arguments.cursor is None:
        spans, place = await _begin(call, projects, arguments), _Place()
    else:
        packed, index, path, turn = call.open_cursor(arguments.cursor, purpose=purpose)
        spans, place = _unpack(str(packed), projects), _Place(int(index), (str(path), int(turn)))
    items, following = await _list_page(call, spans, place)
    cursor = None
    if following is not None:
        cursor = call.seal_cursor([_pack(spans), following.index, *following.position], purpose=purpose)
    reached = [_Span(span.project, span.until, span.until) for span in spans]
    return ValueAnswer(
        {
            "projects": [_describe_span(span) for span in spans if span.since < span.until],
            "items": items,
            "nextCursor": cursor,
            "nextSince": call.seal_cursor([_pack(reached)], purpose=_since_purpose(arguments)),
        }
    )


async def _begin(call: Call, projects: Sequence[ReadableProject], arguments: ChangesArguments) -> Sequence[_Span]:
    asked = arguments.since.strip()
    if asked == _EVERYTHING:
        known: Mapping[ProjectId, int] = {}
    elif not is_moment(asked):
        (packed,) = _open_since(call, asked, arguments)
        known = {span.project.project_id: span.until for span in _unpack(str(packed), projects)}
    elif arguments.project is not None:
        view = await view_project(call, projects[0], asked)
        known = {view.project_id: view.revision}
    else:
        known = {view.project_id: view.revision for view in await view_projects(call, projects, asked)}
    # A project that was not there yet is all new.
    return [
        _Span(project, min(known.get(project.project_id, 0), project.revision), project.revision)
        for project in projects
    ]


def _open_since(call: Call, asked: str, arguments: ChangesArguments) -> list[str | int]:
    try:
        return call.open_cursor(asked, purpose=_since_purpose(arguments))
    except SyncdError as error:
        raise Rejected(
            "moment_invalid",
            f"since={asked[:100]!r} is neither a moment nor the nextSince of an answer about the same project or projects.",
            hint="Write r42, 7 or more digits of a commit's SHA, a time like 2026-11-20T22:00:00Z, a session, or r0 for everything.",
        ) from error


def _since_purpose(arguments: ChangesArguments) -> str:
    return f"docs_changes since {arguments.project or ''}"


async def _list_page(call: Call, spans: Sequence[_Span], place: _Place) -> tuple[list[Json], _Place | None]:
    items: list[Json] = []
    position = place.position
    for index in range(place.index, len(spans)):
        span = spans[index]
        if span.since < span.until:
            room = PAGE - len(items)
            found = await _list_changes(call, span, position, limit=room + 1)
            items += [_describe(span.project, change) for change in found[:room]]
            if len(found) > room:
                return items, _Place(index, found[room - 1].position if room else position)
        position = BEFORE_THE_FIRST
    return items, None


async def _list_changes(call: Call, span: _Span, after: tuple[str, int], *, limit: int) -> Sequence[Change]:
    if span.since > 0:
        revisions = (span.since, span.until)
        return await list_changes(call.connection, span.project.project_id, revisions, after=after, limit=limit)
    # From nothing, everything is new: no comparison of what may be a large project with nothing at all, page after page.
    documents = await list_documents(
        call.connection, span.project.project_id, make_path_range(""), after=after[0], limit=limit, revision=span.until
    )
    return tuple(
        Change(
            old_path=None,
            old_version=None,
            path=document.path,
            version=document.version,
            title=document.title,
            commit_sha=document.commit_sha,
            author=document.author,
            committed_at=document.committed_at,
        )
        for document in documents
    )


def _describe(project: ReadableProject, change: Change) -> Json:
    path = change.path or change.old_path or ""
    version = change.version or change.old_version
    values: dict[str, Json] = {
        "change": change.kind,
        "id": format_document_id(project.name, path, version=version),
        "from": change.old_path if change.kind == "renamed" else None,
        "since": f"v{change.old_version}" if change.version and change.old_version not in {None, version} else None,
        "title": change.title,
        "commit": change.commit_sha,
        "author": change.author,
        "committedAt": format_time(change.committed_at),
    }
    return {name: value for name, value in values.items() if value is not None}


def _describe_span(span: _Span) -> Json:
    return {**freshness_values(span.project), "revision": span.until, "sinceRevision": span.since}


def _pack(spans: Sequence[_Span]) -> str:
    packed = b"".join(_SPAN.pack(span.project.project_id.bytes, span.since, span.until) for span in spans)
    return base64.b64encode(packed).decode()


def _unpack(packed: str, projects: Sequence[ReadableProject]) -> Sequence[_Span]:
    """Return the spans of the projects that are still there."""
    there = {project.project_id: project for project in projects}
    spans = []
    for identity, since, until in _SPAN.iter_unpack(base64.b64decode(packed)):
        project = there.get(ProjectId(UUID(bytes=identity)))
        if project is not None:
            spans.append(_Span(project, since, until))
    return spans
