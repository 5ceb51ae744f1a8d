"""docs_projects: what there is, and how fresh."""

from mcp_server.answers import Answer, Json, ValueAnswer
from mcp_server.arguments import Arguments, At, Text
from mcp_server.calls import Call
from mcp_server.freshness import format_time, freshness_values, lock_values
from mcp_server.viewing import view_project, view_projects
from syncd.adapters.postgres.reading.projects import ReadableProject

MAX_PROJECTS = 200


class ProjectsArguments(Arguments):
    """Arguments of docs_projects."""

    project: Text | None = None
    at: At = None


async def list_projects(call: Call, arguments: ProjectsArguments) -> Answer:
    """Return the projects in view, or the one that was asked for, as of a moment."""
    if arguments.project is None:
        projects = await view_projects(call, call.projects, arguments.at)
    else:
        projects = [await view_project(call, call.get_project(arguments.project), arguments.at)]
    left_out: dict[str, Json] = {}
    if len(projects) > MAX_PROJECTS:
        left_out = {
            "notShown": len(projects) - MAX_PROJECTS,
            "next": "docs_projects(project=NAME) shows any other",
        }
    return ValueAnswer({"projects": [_describe(project) for project in projects[:MAX_PROJECTS]], **left_out})


def _describe(project: ReadableProject) -> Json:
    # They are counted when a revision is published, for that one alone.
    counts: dict[str, Json] = {}
    if project.revision == project.newest_revision:
        counts = {"documents": project.documents, "chunks": project.chunks, "skipped": project.skipped}
    values: dict[str, Json] = {
        **freshness_values(project),
        "source": project.repository or project.source,
        "branch": project.branch,
        "docsPath": project.synced_docs_path,
        "checkedAt": format_time(project.checked_at),
        **counts,
        "lock": lock_values(project),
    }
    return {name: value for name, value in values.items() if value is not None}
