"""Which folder or document a path means, as agents write it: as an id, or as it stands below the docs path. In each project by itself."""

import difflib
from collections.abc import Mapping, Sequence

from mcp_server.calls import Call
from syncd.adapters.postgres.reading.documents import (
    EVERY_PATH,
    PathRange,
    list_documents_at,
    list_paths,
    list_present,
    make_path_range,
)
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.core.ids import ProjectId
from syncd.core.references import list_spellings

# No path holds a control character.
_AFTER_A_NAME = "\x01"
_COMPARED_PROJECTS = 20
COMPARED_PATHS = 5_000
_SHOWN_PATHS = 5


async def find_folder(call: Call, project: ReadableProject, text: str) -> str | None:
    """Return the path of the folder of *project* that *text* means, empty for all of it; none where there is no such folder."""
    bases = _list_bases(project, text)
    if not bases:
        return ""
    asked = [(project.project_id, project.revision, make_path_range(base)) for base in bases]
    present = await list_present(call.connection, asked)
    return next((base for base, is_there in zip(bases, present, strict=True) if is_there), None)


async def find_document_path(call: Call, project: ReadableProject, text: str) -> str | None:
    """Return the path of the document of *project* that *text* means where a folder was asked for; none where it is none."""
    spellings = list_spellings(_clean(project, text), project.synced_docs_path)
    found = await list_documents_at(call.connection, project.project_id, spellings, revision=project.revision)
    return found[0].path if found else None


async def find_paths(call: Call, projects: Sequence[ReadableProject], text: str) -> Mapping[ProjectId, PathRange]:
    """Return where each of *projects* has what *text* means: a folder, else a document. Those that have neither are left out."""
    meant = [(project, paths) for project in projects for paths in _list_ranges(_list_bases(project, text))]
    asked = [(project.project_id, project.revision, paths) for project, paths in meant]
    found: dict[ProjectId, PathRange] = {}
    for (project, paths), is_there in zip(meant, await list_present(call.connection, asked), strict=True):
        if is_there:
            found.setdefault(project.project_id, paths)
    return found


async def hint_near_places(call: Call, projects: Sequence[ReadableProject], text: str) -> str:
    """Return which folders (with a slash at the end) and documents may be meant by a path that is nowhere, in words; empty where none is near."""
    compared = projects[:_COMPARED_PROJECTS]
    known: dict[str, str] = {}
    for project in compared:
        limit = COMPARED_PATHS // len(compared)
        for path in await list_paths(call.connection, project.project_id, limit=limit, revision=project.revision):
            for folder in _list_folders(path):
                known.setdefault(folder, f"{project.name}/{folder}/")
            known.setdefault(path, f"{project.name}/{path}")
    near = [known[place] for place in list_nearest(text.strip().strip("/"), list(known))]
    return f"Did you mean: {', '.join(near)}? " if near else ""


def list_nearest(wanted: str, paths: Sequence[str]) -> Sequence[str]:
    """Return the paths that a wrong one may mean: of the same name, else written nearly so."""
    name = _name_of(wanted)
    if by_name := [path for path in paths if _name_of(path) == name]:
        return by_name[:_SHOWN_PATHS]
    return (
        difflib.get_close_matches(wanted, paths, n=_SHOWN_PATHS, cutoff=0.5)
        or [
            path
            for near in difflib.get_close_matches(name, dict.fromkeys(map(_name_of, paths)), n=1)
            for path in paths
            if _name_of(path) == near
        ][:_SHOWN_PATHS]
    )


def _name_of(path: str) -> str:
    return path.rpartition("/")[2].casefold()


def _list_folders(path: str) -> Sequence[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _list_ranges(bases: Sequence[str]) -> Sequence[PathRange]:
    """Return what a path may mean, the likeliest first: all of the project, a folder, a document, one without its extension."""
    if not bases:
        return [EVERY_PATH]
    documents = [PathRange(base, f"{base}{_AFTER_A_NAME}") for base in bases]
    # "/" is the character after ".".
    extended = [PathRange(f"{base}.", f"{base}/") for base in bases]
    return [*map(make_path_range, bases), *documents, *extended]


def _list_bases(project: ReadableProject, text: str) -> Sequence[str]:
    """Return the paths that *text* may be, the most literal first; none where it is all of the project."""
    path = _clean(project, text)
    head, _, rest = path.partition("/")
    written = [path, rest] if head == project.name and rest else [path] if path else []
    docs_path = project.synced_docs_path or ""
    return list(dict.fromkeys(base for one in written for base in (one, f"{docs_path}/{one}".strip("/"))))


def _clean(project: ReadableProject, text: str) -> str:
    """Return a path as it is stored, also when it was given as a doc:// URI."""
    written = text.strip()
    path = "/".join(segment for segment in written.removeprefix("doc://").split("/") if segment not in {"", "."})
    head, _, rest = path.partition("/")
    return rest if written.startswith("doc://") and head == project.name else path
