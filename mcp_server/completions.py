"""completion/complete: projects, paths, versions and headings, for resource templates and prompts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp.server import ServerRequestContext
from mcp_types import CompleteRequestParams, CompleteResult, Completion

from mcp_server.arguments import MAX_ID_CHARACTERS, is_storable
from mcp_server.calls import Call
from mcp_server.requests import Requests
from mcp_server.resolving import get_target
from syncd.adapters.postgres.reading.documents import PathRange, list_documents, list_paths, list_places
from syncd.adapters.postgres.reading.histories import list_versions
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.core.matching import rank_names
from syncd.core.references import format_document_id
from syncd.core.sections import list_sections
from syncd.core.visible import make_visible
from syncd.errors import NotFound

MAX_VALUES = 100
# Names that hold what was typed are looked for among these; those that begin with it, among all.
_COMPARED_PATHS = 5_000
_SHOWN_REVISIONS = 20
_COMPARED_VERSIONS = 1_000


@dataclass(frozen=True, slots=True)
class Completions:
    """Answers completion/complete. What cannot be completed has no values: that is no error."""

    requests: Requests

    async def complete(self, context: ServerRequestContext[Any], params: CompleteRequestParams) -> CompleteResult:
        """Return at most a hundred values for an argument, the likeliest first."""
        typed = params.argument.value
        known = (params.context.arguments if params.context else None) or {}
        async with self.requests.open(context) as call:
            found: Sequence[str] = ()
            if all(is_storable(text) and len(text) <= MAX_ID_CHARACTERS for text in (typed, *known.values())):
                found = await _list_values(call, params.argument.name, typed, known)
        values = [make_visible(value).text for value in found[:MAX_VALUES]]
        more = len(found) > MAX_VALUES
        return CompleteResult(completion=Completion(values=values, total=len(found), has_more=more))


async def _list_values(call: Call, name: str, typed: str, known: Mapping[str, str]) -> Sequence[str]:
    if name == "project":
        return rank_names((project.name for project in call.projects), typed)
    project = _find_project(call, known)
    names: Sequence[str] = ()
    if project is not None:
        match name:
            case "path":
                names = await _list_paths(call, project, typed)
            case "since":
                oldest = max(project.revision - _SHOWN_REVISIONS, 0)
                names = [f"r{revision}" for revision in range(project.revision, oldest, -1)]
            case "version":
                names = await _list_versions(call, project, known)
            case "heading":
                names = await _list_anchors(call, project, known)
    return rank_names(names, typed)


def _find_project(call: Call, known: Mapping[str, str]) -> ReadableProject | None:
    if "project" in known:
        return call.find_project(known["project"])
    return call.projects[0] if len(call.projects) == 1 else None


async def _list_paths(call: Call, project: ReadableProject, typed: str) -> Sequence[str]:
    beginning = await list_documents(
        call.connection,
        project.project_id,
        PathRange(typed, f"{typed}\U0010ffff"),
        after="",
        limit=MAX_VALUES,
        revision=project.revision,
    )
    paths = await list_paths(call.connection, project.project_id, limit=_COMPARED_PATHS, revision=project.revision)
    return (*(document.path for document in beginning), *paths)


async def _list_versions(call: Call, project: ReadableProject, known: Mapping[str, str]) -> Sequence[str]:
    try:
        target = await get_target(call, format_document_id(project.name, known.get("path", "")), gone=True)
    except NotFound:
        return ()
    steps = await list_versions(
        call.connection,
        project.project_id,
        target.document.document_id,
        before=project.revision + 1,
        limit=_COMPARED_VERSIONS,
    )
    return tuple(dict.fromkeys(str(step.version) for step in steps))


async def _list_anchors(call: Call, project: ReadableProject, known: Mapping[str, str]) -> Sequence[str]:
    try:
        target = await get_target(call, format_document_id(project.name, known.get("path", "")))
    except NotFound:
        return ()
    sections = list_sections(await list_places(call.connection, target.document))
    return tuple(section.anchor for section in sections if section.anchor)
