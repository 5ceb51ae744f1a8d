"""Documents as agents read them: by path, by version, by folder, with their text and where their chunks stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import DocumentId, ProjectId
from syncd.core.sections import Place

_LIST_DOCUMENTS_AT = load_statement("reading/list_documents_at")
_FIND_VERSION = load_statement("reading/find_version")
_LIST_DOCUMENTS = load_statement("reading/list_documents")
_FIND_DOCUMENT_BY_ID = load_statement("reading/find_document_by_id")
_LIST_LEVEL = load_statement("reading/list_level")
_COUNT_DOCUMENTS = load_statement("reading/count_documents")
_LIST_PATHS = load_statement("reading/list_paths")
_LIST_PRESENT = load_statement("reading/list_present")
_GET_TEXT = load_statement("reading/get_text")
_LIST_PLACES = load_statement("reading/list_places")


@dataclass(frozen=True, slots=True)
class ReadableDocument:
    """A version of a document: the current one while *revision_to* is none."""

    document_id: DocumentId
    path: str
    format: str
    title: str
    version: int
    content_hash: bytes
    git_sha: str
    size: int
    lines: int
    commit_sha: str | None
    author: str | None
    committed_at: datetime | None
    revision_from: int
    revision_to: int | None
    chunker_version: int


@dataclass(frozen=True, slots=True)
class LevelEntry:
    """A name directly in a folder: a document, a folder with so many *documents* below it, or both."""

    name: str
    documents: int
    is_document: bool
    size: int


@dataclass(frozen=True, slots=True)
class PathRange:
    """The paths of a folder: from *start* up to, not including, *end*, in the order of their bytes."""

    start: str
    end: str


EVERY_PATH = PathRange("", "\U0010ffff")


def make_path_range(folder: str) -> PathRange:
    """Return the range of paths below *folder*; an empty folder is the whole project."""
    clean = folder.strip("/")
    # "0" is the character after "/".
    return PathRange(f"{clean}/", f"{clean}0") if clean else EVERY_PATH


async def list_documents_at(
    connection: Connection, project_id: ProjectId, paths: Sequence[str], *, revision: int
) -> Sequence[ReadableDocument]:
    """Return the documents that stand at one of *paths* at *revision*, in the order of *paths*."""
    rows = await connection.fetch(_LIST_DOCUMENTS_AT, project_id, list(paths), revision)
    by_path = {row["path"]: ReadableDocument(**row) for row in rows}
    return tuple(by_path[path] for path in paths if path in by_path)


async def find_version(
    connection: Connection, project_id: ProjectId, path: str, *, version: int, revision: int
) -> ReadableDocument | None:
    """Return a version of the document that stands or last stood at *path* at *revision*, or none."""
    row = await connection.fetchrow(_FIND_VERSION, project_id, path, version, revision)
    return None if row is None else ReadableDocument(**row)


async def list_documents(
    connection: Connection,
    project_id: ProjectId,
    paths: PathRange,
    *,
    after: str,
    limit: int,
    revision: int,
    pattern: str = "",
) -> Sequence[ReadableDocument]:
    """Return at most *limit* documents of a range at *revision*, by path, beyond path *after*; only those that match *pattern*, if there is one."""
    rows = await connection.fetch(_LIST_DOCUMENTS, project_id, paths.start, paths.end, after, limit, revision, pattern)
    return tuple(ReadableDocument(**row) for row in rows)


async def find_document_by_id(connection: Connection, document_id: UUID) -> tuple[ProjectId, str] | None:
    """Return the project and the path of a current document of the tenant."""
    row = await connection.fetchrow(_FIND_DOCUMENT_BY_ID, document_id)
    return None if row is None else (ProjectId(row["project_id"]), row["path"])


async def list_level(
    connection: Connection, project_id: ProjectId, paths: PathRange, *, after: str, limit: int, revision: int
) -> Sequence[LevelEntry]:
    """Return at most *limit* names directly in a folder at *revision*, beyond name *after*."""
    rows = await connection.fetch(
        _LIST_LEVEL, project_id, paths.start, paths.end, len(paths.start), after, limit, revision
    )
    return tuple(LevelEntry(**row) for row in rows)


async def count_documents(
    connection: Connection, project_id: ProjectId, paths: PathRange, *, revision: int, pattern: str = ""
) -> int:
    """Return how many documents stand in a range at *revision*, and match *pattern*, if there is one."""
    return int(await connection.fetchval(_COUNT_DOCUMENTS, project_id, paths.start, paths.end, revision, pattern))


async def list_paths(connection: Connection, project_id: ProjectId, *, limit: int, revision: int) -> Sequence[str]:
    """Return at most *limit* paths of a project at *revision*, in order."""
    return tuple(row["path"] for row in await connection.fetch(_LIST_PATHS, project_id, limit, revision))


async def list_present(connection: Connection, asked: Sequence[tuple[ProjectId, int, PathRange]]) -> Sequence[bool]:
    """Return of each range of a project at a revision whether a document stands in it."""
    rows = await connection.fetch(
        _LIST_PRESENT,
        [project_id for project_id, _, _ in asked],
        [revision for _, revision, _ in asked],
        [paths.start for _, _, paths in asked],
        [paths.end for _, _, paths in asked],
    )
    present = {row["number"] for row in rows}
    return [number in present for number in range(1, len(asked) + 1)]


async def get_text(connection: Connection, content_hash: bytes) -> str:
    """Return the text of a content that a document of this transaction has."""
    return str(await connection.fetchval(_GET_TEXT, content_hash))


async def list_places(connection: Connection, document: ReadableDocument) -> Sequence[Place]:
    """Return where the chunks of a document stand, in order."""
    rows = await connection.fetch(
        _LIST_PLACES, document.content_hash, document.format, document.title, document.chunker_version
    )
    return tuple(
        Place(tuple(row["headings"]), row["anchor"], line_from=row["line_from"], line_to=row["line_to"]) for row in rows
    )
