"""docs_search and search: ranked chunks."""

import hashlib
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from mcp_server.answers import Answer, Json, TextAnswer, ValueAnswer
from mcp_server.arguments import Arguments, At, Query, Text
from mcp_server.calls import Call
from mcp_server.freshness import freshness_line, freshness_values
from mcp_server.tools.reading import DEFAULT_CHARACTERS, MAX_CHARACTERS
from mcp_server.viewing import view_project, view_projects
from syncd.adapters.postgres.reading.documents import PathRange, make_path_range
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.adapters.postgres.reading.search import Hit, Searched, search_chunks
from syncd.core.ids import ProjectId
from syncd.core.permalinks import make_permalink
from syncd.core.references import format_chunk_id, format_document_id
from syncd.core.snippets import make_snippet
from syncd.errors import Rejected

MAX_HITS = 50
MAX_CANDIDATES = 500
SEARCH_RESULTS = 10
SNIPPET_CHARACTERS = 300


class DocsSearchArguments(Arguments):
    """Arguments of docs_search."""

    query: Query
    project: Text | None = None
    path: Annotated[Text | None, Field(description="only below this folder")] = None
    limit: Annotated[int, Field(ge=1, le=MAX_HITS)] = 10
    cursor: Text | None = None
    at: At = None
    max_chars: Annotated[int, Field(ge=200, le=MAX_CHARACTERS)] = DEFAULT_CHARACTERS


class SearchArguments(Arguments):
    """Arguments of search, as OpenAI's connectors call it."""

    query: Query


async def search_docs(call: Call, arguments: DocsSearchArguments) -> Answer:
    """Return ranked chunks with their trail, lines and the lines that answer."""
    if arguments.project is None:
        searched = await view_projects(call, call.projects, arguments.at)
    else:
        searched = [await view_project(call, call.get_project(arguments.project), arguments.at)]
    purpose = f"docs_search {_state_of(searched)} {arguments.path or ''} {arguments.query}"
    offset = _open_offset(call, arguments.cursor, purpose)
    hits = await _search(
        call,
        searched,
        arguments.query,
        paths=make_path_range(arguments.path or ""),
        limit=arguments.limit + 1,
        offset=offset,
    )
    if not hits:
        return _describe_nothing(searched, arguments)
    names = {project.project_id: project for project in searched}
    entries: list[str] = []
    spent = 0
    for rank, hit in enumerate(hits[: arguments.limit], offset + 1):
        entry = _describe_hit(names[hit.project_id], hit, arguments.query, rank)
        if entries and spent + len(entry) > arguments.max_chars:
            break
        entries.append(entry)
        spent += len(entry)
    shown = hits[: len(entries)]
    heads = dict.fromkeys(freshness_line(names[hit.project_id]) for hit in shown)
    tail = _describe_next(call, shown, offset + len(shown), purpose, more=len(hits) > len(shown), names=names)
    return TextAnswer("\n".join(heads), "\n\n".join(entries), tail, "docs_search", rows=len(shown))


async def search_documents(call: Call, arguments: SearchArguments) -> Answer:
    """Return the best documents, each once, in OpenAI's shape."""
    hits = await _search(
        call, call.projects, arguments.query, paths=make_path_range(""), limit=SEARCH_RESULTS * 5, offset=0
    )
    names = {project.project_id: project for project in call.projects}
    best: dict[tuple[str, str], Hit] = {}
    for hit in hits:
        best.setdefault((str(hit.project_id), hit.path), hit)
    shown = list(best.values())[:SEARCH_RESULTS]
    results: list[Json] = [
        {
            "id": format_document_id(names[hit.project_id].name, hit.path, version=hit.version),
            "title": " > ".join((hit.title, *hit.headings[-1:])) if hit.headings[-1:] != [hit.title] else hit.title,
            "url": _link(names[hit.project_id], hit),
        }
        for hit in shown
    ]
    seen = dict.fromkeys(hit.project_id for hit in shown)
    freshness: list[Json] = [freshness_values(names[project_id]) for project_id in seen]
    return ValueAnswer({"results": results}, beside={"freshness": freshness})


async def _search(
    call: Call, searched: Sequence[ReadableProject], query: str, *, paths: PathRange, limit: int, offset: int
) -> Sequence[Hit]:
    # A project that is empty now may have held something; its statistics are then of the others.
    wanted = {
        project.project_id: Searched(project.chunks, project.revision) for project in searched if project.revision
    }
    if not wanted:
        return ()
    return await search_chunks(
        call.connection, wanted, query, paths=paths, limit=limit, offset=offset, sparse_vectors=call.sparse_vectors
    )


def _state_of(searched: Sequence[ReadableProject]) -> str:
    """Return what identifies the revisions that are searched: ranks are comparable within them only."""
    revisions = " ".join(f"{project.project_id}={project.revision}" for project in searched)
    return hashlib.sha256(revisions.encode()).hexdigest()


def _open_offset(call: Call, cursor: str | None, purpose: str) -> int:
    if cursor is None:
        return 0
    try:
        return int(call.open_cursor(cursor, purpose=purpose)[0])
    except Rejected as error:
        hint = f"{error.hint} A cursor also ends when the docs it ranks are synced anew."
        raise Rejected(error.code, error.message, hint=hint) from error


def _link(project: ReadableProject, hit: Hit) -> str:
    return make_permalink(
        repository=project.repository,
        commit=project.synced_commit,
        project=project.name,
        path=hit.path,
        version=hit.version,
        lines=(hit.line_from, hit.line_to),
    )


def _chunk_id(project: ReadableProject, hit: Hit) -> str:
    return format_chunk_id(project.name, hit.path, version=hit.version, lines=(hit.line_from, hit.line_to))


def _describe_hit(project: ReadableProject, hit: Hit, query: str, rank: int) -> str:
    headings = hit.headings[1:] if hit.headings[:1] == [hit.title] else hit.headings
    trail = " > ".join((hit.title, *headings))
    snippet = make_snippet(hit.body, query, max_characters=SNIPPET_CHARACTERS)
    return f"{rank}. {_chunk_id(project, hit)} · score {hit.score:.2f}\n{trail}\n{_link(project, hit)}\n{snippet}"


def _describe_next(
    call: Call,
    shown: Sequence[Hit],
    position: int,
    purpose: str,
    *,
    more: bool,
    names: dict[ProjectId, ReadableProject],
) -> str:
    first = shown[0]
    read = f'Read one: docs_read(id="{_chunk_id(names[first.project_id], first)}").'
    if not more or position >= MAX_CANDIDATES:
        return read
    return f'{read} More: the same call with cursor="{call.seal_cursor([position], purpose=purpose)}".'


def _describe_nothing(searched: Sequence[ReadableProject], arguments: DocsSearchArguments) -> Answer:
    heads = "\n".join(freshness_line(project) for project in searched[:20])
    where = f" below {arguments.path!r}" if arguments.path else ""
    return TextAnswer(
        heads,
        "",
        f"No chunk{where} holds any of these words. Try other words, or docs_list(project=…) for what there is.",
        "docs_search",
        rows=0,
    )
