"""docs_list: the documents of a folder, all of them where they are few, else one level."""

from typing import Annotated

from pydantic import Field

from mcp_server.answers import Answer, Json, ValueAnswer
from mcp_server.arguments import Arguments, At, Text
from mcp_server.calls import Call
from mcp_server.folders import find_document_path, find_folder, hint_near_places
from mcp_server.freshness import freshness_values
from mcp_server.viewing import view_project
from syncd.adapters.postgres.reading.documents import (
    LevelEntry,
    PathRange,
    ReadableDocument,
    count_documents,
    list_documents,
    list_level,
    make_path_range,
)
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.core.references import format_document_id
from syncd.errors import NotFound

PAGE = 200


class ListArguments(Arguments):
    """Arguments of docs_list."""

    project: Text
    path: Annotated[Text | None, Field(description="a folder")] = None
    cursor: Text | None = None
    at: At = None


async def list_folder(call: Call, arguments: ListArguments) -> Answer:
    """Return what stands in a folder. Raises `NotFound` for a folder without documents."""
    project = await view_project(call, call.get_project(arguments.project), arguments.at)
    folder = await find_folder(call, project, arguments.path or "")
    if folder is None:
        raise await _explain_no_folder(call, project, arguments.path or "")
    paths = make_path_range(folder)
    purpose = f"docs_list {project.project_id} {arguments.at or ''} {folder}"
    after = "" if arguments.cursor is None else str(call.open_cursor(arguments.cursor, purpose=purpose)[0])
    total = await count_documents(call.connection, project.project_id, paths, revision=project.revision)
    items, last = await (_list_all if total <= PAGE else _list_one_level)(call, project, paths, after)
    more = last is not None
    return ValueAnswer(
        {
            **freshness_values(project),
            "path": folder,
            "documents": total,
            "depth": "all" if total <= PAGE else "level",
            "items": items,
            "nextCursor": call.seal_cursor([last], purpose=purpose) if more and last else None,
        }
    )


async def _explain_no_folder(call: Call, project: ReadableProject, text: str) -> NotFound:
    document = await find_document_path(call, project, text)
    if document is not None:
        document_id = format_document_id(project.name, document)
        said, hint = f"{text[:200]!r} is a document.", f'Call docs_read(id="{document_id}").'
    else:
        said = f"There are no documents below {text[:200]!r} in {project.name}."
        near = await hint_near_places(call, [project], text)
        hint = f'{near}Call docs_list(project="{project.name}") for its folders; read a document with docs_read(id=…).'
    return NotFound("folder_not_found", said, hint=hint)


async def _list_all(
    call: Call, project: ReadableProject, paths: PathRange, after: str
) -> tuple[list[Json], str | None]:
    found = await list_documents(
        call.connection, project.project_id, paths, after=after, limit=PAGE, revision=project.revision
    )
    return [_describe_document(project, document) for document in found], None


async def _list_one_level(
    call: Call, project: ReadableProject, paths: PathRange, after: str
) -> tuple[list[Json], str | None]:
    found = await list_level(
        call.connection, project.project_id, paths, after=after, limit=PAGE + 1, revision=project.revision
    )
    shown = found[:PAGE]
    items = [_describe_entry(project, paths, entry) for entry in shown]
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
