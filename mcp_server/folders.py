"""Which folder a path means, as agents write it: as an id, or as it stands below the docs path."""

from mcp_server.calls import Call
from syncd.adapters.postgres.reading.documents import PathRange, list_documents, list_documents_at, make_path_range
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.core.references import list_spellings

# No path holds a control character.
_AFTER_A_NAME = "\x01"


async def find_folder(call: Call, project: ReadableProject, text: str) -> str | None:
    """Return the path of the folder of *project* that *text* means, empty for all of it; none where there is no such folder."""
    path = _clean(project, text)
    if not path:
        return ""
    for folder in dict.fromkeys((path, f"{project.synced_docs_path or ''}/{path}".strip("/"))):
        found = await list_documents(
            call.connection, project.project_id, make_path_range(folder), after="", limit=1, revision=project.revision
        )
        if found:
            return folder
    return None


async def find_document_path(call: Call, project: ReadableProject, text: str) -> str | None:
    """Return the path of the document of *project* that *text* means where a folder was asked for; none where it is none."""
    spellings = list_spellings(_clean(project, text), project.synced_docs_path)
    found = await list_documents_at(call.connection, project.project_id, spellings, revision=project.revision)
    return found[0].path if found else None


async def find_paths(call: Call, project: ReadableProject, text: str) -> PathRange:
    """Return the paths below the folder that *text* means, or of the one document; where it is neither, those below what is written."""
    folder = await find_folder(call, project, text)
    if folder is not None:
        return make_path_range(folder)
    document = await find_document_path(call, project, text)
    return make_path_range(text) if document is None else PathRange(document, f"{document}{_AFTER_A_NAME}")


def _clean(project: ReadableProject, text: str) -> str:
    """Return a path as it is stored, also when it was given as an id: with the project's name before it, as a doc:// URI."""
    written = text.strip()
    path = "/".join(segment for segment in written.removeprefix("doc://").split("/") if segment not in {"", "."})
    head, _, rest = path.partition("/")
    return rest if written.startswith("doc://") and head == project.name else path
