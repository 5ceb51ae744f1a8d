"""docs_history: how a document came to be what it is."""

from mcp_server.answers import Answer, Json, ValueAnswer
from mcp_server.arguments import Arguments, At, Text
from mcp_server.calls import Call
from mcp_server.freshness import format_time, freshness_values
from mcp_server.resolving import get_target
from syncd.adapters.postgres.reading.histories import Step, list_versions
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.core.references import format_document_id

PAGE = 50


class HistoryArguments(Arguments):
    """Arguments of docs_history."""

    id: Text
    at: At = None
    cursor: Text | None = None


async def show_history(call: Call, arguments: HistoryArguments) -> Answer:
    """Return the versions of a document up to a moment, newest first, also of one that is gone."""
    target = await get_target(call, arguments.id, at=arguments.at, gone=True)
    project, document_id = target.project, target.document.document_id
    purpose = f"docs_history {project.project_id} {document_id}"
    before = project.revision + 1
    if arguments.cursor is not None:
        before = int(call.open_cursor(arguments.cursor, purpose=purpose)[0])
    steps = await list_versions(call.connection, project.project_id, document_id, before=before, limit=PAGE + 1)
    shown = steps[:PAGE]
    newest = shown[0]
    gone: dict[str, Json] = {}
    if arguments.cursor is None and newest.revision_to is not None and newest.revision_to <= project.revision:
        gone = {"deletedAt": f"r{newest.revision_to}"}
    return ValueAnswer(
        {
            **freshness_values(project),
            "id": format_document_id(project.name, newest.path),
            **gone,
            "items": [_describe(project, step) for step in shown],
            "nextCursor": call.seal_cursor([shown[-1].revision_from], purpose=purpose) if len(steps) > PAGE else None,
        }
    )


def _describe(project: ReadableProject, step: Step) -> Json:
    values: dict[str, Json] = {
        "id": format_document_id(project.name, step.path, version=step.version),
        "version": step.version,
        "revision": f"r{step.revision_from}",
        "change": step.kind,
        "from": step.earlier_path if step.earlier_path != step.path else None,
        "deletedAt": f"r{step.earlier_end}" if step.kind == "restored" else None,
        "commit": step.commit_sha,
        "author": step.author,
        "committedAt": format_time(step.committed_at),
        "size": step.size,
        "lines": step.lines,
    }
    return {name: value for name, value in values.items() if value is not None}
