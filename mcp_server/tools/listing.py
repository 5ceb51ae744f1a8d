"""docs_list: the documents of a folder, all of them where they are few, else one level; or those that match a pattern."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from mcp_server.answers import Answer, Json, ValueAnswer
from mcp_server.arguments import Arguments, At, Text
from mcp_server.calls import Call
from mcp_server.folders import find_document_path, find_folder, hint_near_places
from mcp_server.freshness import freshness_values
from mcp_server.viewing import view_project
from syncd.adapters.postgres.reading.documents import (
    EVERY_PATH,
    LevelEntry,
    PathRange,
    ReadableDocument,
    count_documents,
    list_documents,
    list_level,
    make_path_range,
)
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.core.queries import make_glob_pattern
from syncd.core.references import format_document_id
from syncd.errors import NotFound

PAGE = 200


class ListArguments(Arguments):
    """Arguments of docs_list."""

    project: Text
    path: Annotated[Text | None, Field(description="a folder, or a pattern: docs/**/*.md")] = None
    cursor: Text | None = None
    at: At = None


@dataclass(frozen=True, slots=True)
class _Listed:
    """What is listed of *project*: a folder by its *path*, or what matches a *pattern*, which is then what was written as *path*."""

    project: ReadableProject
    path: str
    paths: PathRange
    pattern: str


async def list_folder(call: Call, arguments: ListArguments) -> Answer:
    """Return what stands in a folder, or matches a pattern. Raises `NotFound` for what is not there."""
    project = await view_project(call, call.get_project(arguments.project), arguments.at)
    listed = await _find_listed(call, project, arguments.path or "")
    purpose = f"docs_list {project.project_id} {arguments.at or ''} {listed.path}"
    after = "" if arguments.cursor is None else str(call.open_cursor(arguments.cursor, purpose=purpose)[0])
    total = await count_documents(
        call.connection, project.project_id, listed.paths, revision=project.revision, pattern=listed.pattern
    )
    if listed.pattern and not total:
        raise await _explain_no_folder(call, project, listed.path)
    is_flat = bool(listed.pattern) or total <= PAGE
    items, last = await (_list_all if is_flat else _list_one_level)(call, listed, after)
    return ValueAnswer(
        {
            **freshness_values(project),
            "path": listed.path,
            "documents": total,
            "depth": "all" if is_flat else "level",
            "items": items,
            "nextCursor": call.seal_cursor([last], purpose=purpose) if last else None,
        }
    )


async def _find_listed(call: Call, project: ReadableProject, path: str) -> _Listed:
    folder = await find_folder(call, project, path)
    if folder is not None:
        return _Listed(project, folder, make_path_range(folder), "")
    if "*" not in path:
        raise await _explain_no_folder(call, project, path)
    return _Listed(project, path, EVERY_PATH, make_glob_pattern(path.strip()))


async def _explain_no_folder(call: Call, project: ReadableProject, text: str) -> NotFound:
    document = await find_document_path(call, project, text)
    if document is not None:
        document_id = format_document_id(project.name, document)
        said, hint = f"{text[:200]!r} is a document.", f'Call docs_read(id="{document_id}").'
    else:
        fits = "that match" if "*" in text else "below"
        said = f"There are no documents {fits} {text[:200]!r} in {project.name}."
        near = await hint_near_places(call, [project], text)
        hint = f'{near}Call docs_list(project="{project.name}") for its folders; read a document with docs_read(id=…).'
    return NotFound("folder_not_found", said, hint=hint)


async def _list_all(call: Call, listed: _Listed, after: str) -> tuple[list[Json], str | None]:
    project = listed.project
    found = await list_documents(
        call.connection,
        project.project_id,
        listed.paths,
        after=after,
        limit=PAGE + 1,
        revision=project.revision,
        pattern=listed.pattern,
    )
    shown = found[:PAGE]
    return [_describe_document(project, document) for document in shown], shown[-1].path if len(found) > PAGE else None


async def _list_one_level(call: Call, listed: _Listed, after: str) -> tuple[list[Json], str | None]:
    project = listed.project
    found = await list_level(
        call.connection, project.project_id, listed.paths, after=after, limit=PAGE + 1, revision=project.revision
    )
    shown = found[:PAGE]
    items = [_describe_entry(project, listed.paths, entry) for entry in shown]
    return items, shown[-1].name if len(found) > PAGE else None


def _describe_document(project: ReadableProject, document: ReadableDocument) -> Json:
    return {
        "id": f"{project.name}/{document.path}",
        "title": document.title,
        "version": document.version,
        "lines": document.lines,
        "size": document.size,
    }


def _describe_entry(project: ReadableProject, paths: PathRange, entry: LevelEntry) -> Json:
    path = f"{paths.start}{entry.name}"
    if entry.is_document:
        return {"id": f"{project.name}/{path}", "size": entry.size}
    return {"folder": f"{path}/", "documents": entry.documents, "size": entry.size}
