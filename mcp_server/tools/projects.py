"""docs_projects: what there is, and how fresh."""

from mcp_server.answers import Answer, Json, ValueAnswer
from mcp_server.arguments import Arguments, Text
from mcp_server.calls import Call
from mcp_server.freshness import format_time, freshness_values, lock_values
from syncd.adapters.postgres.reading.projects import ReadableProject

MAX_PROJECTS = 200


class ProjectsArguments(Arguments):
    """Arguments of docs_projects."""

    project: Text | None = None


async def list_projects(call: Call, arguments: ProjectsArguments) -> Answer:
    """Return the projects in view, or the one that was asked for."""
    shown = call.projects[:MAX_PROJECTS] if arguments.project is None else [call.get_project(arguments.project)]
    left_out: dict[str, Json] = {}
    if arguments.project is None and len(call.projects) > MAX_PROJECTS:
        left_out = {
            "notShown": len(call.projects) - MAX_PROJECTS,
            "next": "docs_projects(project=NAME) shows any other",
        }
    return ValueAnswer({"projects": [_describe(project) for project in shown], **left_out})


def _describe(project: ReadableProject) -> Json:
    values: dict[str, Json] = {
        **freshness_values(project),
        "source": project.repository or project.source,
        "branch": project.branch,
        "docsPath": project.synced_docs_path,
        "checkedAt": format_time(project.checked_at),
        "documents": project.documents,
        "chunks": project.chunks,
        "skipped": project.skipped,
    }
    values["lock"] = lock_values(project)
    return {name: value for name, value in values.items() if value is not None}
