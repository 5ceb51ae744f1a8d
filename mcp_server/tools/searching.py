"""docs_search and search: ranked chunks."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Annotated, Literal

from pydantic import Field

from mcp_server.answers import Answer, Json, TextAnswer, ValueAnswer
from mcp_server.arguments import Arguments, At, Query, Text
from mcp_server.calls import Call, Report
from mcp_server.folders import find_paths, hint_near_places
from mcp_server.freshness import freshness_line, freshness_values
from mcp_server.tools.reading import DEFAULT_CHARACTERS, MAX_CHARACTERS
from mcp_server.viewing import view_project, view_projects
from syncd.adapters.postgres.reading.chunks import ChunkKey, list_parts
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.adapters.postgres.reading.ranked import Found, Hit, Page, Scope, search
from syncd.adapters.postgres.reading.search import Place, Searched
from syncd.adapters.postgres.reading.vectors import get_own_name
from syncd.core.headings import join_trail
from syncd.core.ids import ProjectId
from syncd.core.meaning import NO_HELP, Help, Unavailable
from syncd.core.permalinks import make_permalink
from syncd.core.queries import make_glob_pattern
from syncd.core.references import format_chunk_id, format_document_id
from syncd.core.snippets import make_snippet
from syncd.errors import NotFound, Rejected

MAX_HITS = 50
SEARCH_RESULTS = 10
SNIPPET_CHARACTERS = 300
CHUNKS_OF_A_DOCUMENT = 3
SHOWN_PLACES = 3

Views = Mapping[ProjectId, ReadableProject]


class DocsSearchArguments(Arguments):
    """Arguments of docs_search."""

    query: Query
    project: Text | None = None
    path: Annotated[Text | None, Field(description="only in this folder or document of a project, or docs/**/*.md")] = (
        None
    )
    limit: Annotated[int, Field(ge=1, le=MAX_HITS)] = 10
    cursor: Text | None = None
    at: At = None
    mode: Annotated[Literal["normal", "explain"], Field(description="explain: scores by part")] = "normal"
    per_document: Annotated[int, Field(ge=1, le=MAX_HITS, description="chunks of a document on the first page")] = (
        CHUNKS_OF_A_DOCUMENT
    )
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
    scope = await _find_scope(call, searched, arguments.path or "")
    purpose = f"docs_search {_state_of(searched)} {arguments.path or ''} {arguments.per_document} {arguments.query}"
    offset, size = _open_cursor(call, arguments, purpose)
    page = Page(size, arguments.per_document, offset=offset, limit=arguments.limit)
    found = await _search(call, scope, arguments.query, page)
    if not found.hits:
        return _describe_nothing(searched, arguments, found)
    views = {project.project_id: project for project in searched}
    entries: list[str] = []
    spent = 0
    parts = await _list_parts(call, found.hits)
    for rank, hit in enumerate(found.hits, offset + 1):
        entry = _describe_hit(views, hit, arguments, rank, parts)
        if entries and spent + len(entry) > arguments.max_chars:
            break
        entries.append(entry)
        spent += len(entry)
    shown = found.hits[: len(entries)]
    heads = [*dict.fromkeys(freshness_line(views[hit.place.project_id]) for hit in shown), *_explain(found, arguments)]
    tail = [
        _describe_next(call, _chunk_id(views, shown[0].place, parts), found, purpose, (offset + len(shown), size)),
        *_warn(found),
    ]
    return TextAnswer("\n".join(heads), "\n\n".join(entries), "\n".join(tail), "docs_search", rows=len(shown))


async def search_documents(call: Call, arguments: SearchArguments) -> Answer:
    """Return the best documents, each once, in OpenAI's shape."""
    scope = await _find_scope(call, call.projects, "")
    page = Page(SEARCH_RESULTS, per_document=1, limit=SEARCH_RESULTS)
    found = await _search(call, scope, arguments.query, page)
    views = {project.project_id: project for project in call.projects}
    best: dict[tuple[ProjectId, str], Place] = {}
    for hit in found.hits:
        best.setdefault((hit.place.project_id, hit.place.path), hit.place)
    results: list[Json] = [
        {
            "id": format_document_id(views[place.project_id].name, place.path, version=place.version),
            "title": join_trail(place.title, place.headings[-1:]),
            "url": _link(views, place),
        }
        for place in best.values()
    ]
    seen = dict.fromkeys(place.project_id for place in best.values())
    freshness: list[Json] = [freshness_values(views[project_id]) for project_id in seen]
    return ValueAnswer({"results": results}, beside={"freshness": freshness})


async def _search(call: Call, scope: Scope, query: str, page: Page) -> Found:
    if not scope.projects:
        return Found()
    help_ = NO_HELP
    if call.helpers.are_there:
        help_ = _telling(call.report, call.helpers.choose(await get_own_name(call.connection)))
    return await search(call.connection, scope, query, page=page, help_=help_)


def _telling(report: Report, help_: Help) -> Help:
    """Return *help_* that tells the client when a model begins to judge: that may take seconds, and the rest of a search takes milliseconds."""
    rerank, steps = help_.rerank, count(1)
    if rerank is None:
        return help_

    async def tell_and_rerank(query: str, passages: Sequence[str]) -> Sequence[float] | Unavailable:
        await report(next(steps), message=f"{len(passages)} passages are found; a model judges them")
        return await rerank(query, passages)

    return replace(help_, rerank=tell_and_rerank)


async def _find_scope(call: Call, searched: Sequence[ReadableProject], path: str) -> Scope:
    """Return what is searched: of each project, what *path* means there. Raises `NotFound` naming the nearest, where it is nowhere."""
    # A project that is empty now may have held something; its statistics are then of the others.
    synced = [project for project in searched if project.revision]
    projects = {project.project_id: Searched(project.chunks, project.revision) for project in synced}
    if not path or not synced:
        return Scope(projects)
    found = await find_paths(call, synced, path)
    if found:
        return Scope({one: replace(projects[one], paths=paths) for one, paths in found.items()})
    if "*" in path:
        return Scope(projects, path_patterns=(make_glob_pattern(path.strip()),))
    near = await hint_near_places(call, synced, path)
    where = synced[0].name if len(synced) == 1 else f"any of {len(synced)} projects"
    raise NotFound(
        "path_not_found",
        f"There is no folder or document {path[:200]!r} in {where}.",
        hint=f"{near}docs_list(project=…) shows the folders; a pattern has a *: docs/**/*.md.",
    )


def _state_of(searched: Sequence[ReadableProject]) -> str:
    """Return what identifies the revisions that are searched: ranks are comparable within them only."""
    revisions = " ".join(f"{project.project_id}={project.revision}" for project in searched)
    return hashlib.sha256(revisions.encode()).hexdigest()


def _open_cursor(call: Call, arguments: DocsSearchArguments, purpose: str) -> tuple[int, int]:
    """Return where the page begins, and how long the first one was: by that the documents are spread."""
    if arguments.cursor is None:
        return 0, arguments.limit
    try:
        offset, size = call.open_cursor(arguments.cursor, purpose=purpose)
    except Rejected as error:
        hint = f"{error.hint} A cursor also ends when the docs it ranks are synced anew."
        raise Rejected(error.code, error.message, hint=hint) from error
    return int(offset), int(size)


def _link(views: Views, place: Place) -> str:
    project = views[place.project_id]
    return make_permalink(
        repository=project.repository,
        commit=project.synced_commit,
        project=project.name,
        path=place.path,
        version=place.version,
        lines=(place.line_from, place.line_to),
        web_url=project.web_url,
    )


async def _list_parts(call: Call, hits: Sequence[Hit]) -> frozenset[ChunkKey]:
    """Return which of the chunks that are shown are parts of a long line: their lines alone would not name them."""
    places = [place for hit in hits for place in (hit.place, *hit.also[:SHOWN_PLACES])]
    return await list_parts(call.connection, [_key(place) for place in places if place.line_from == place.line_to])


def _chunk_id(views: Views, place: Place, parts: frozenset[ChunkKey]) -> str:
    return format_chunk_id(
        views[place.project_id].name,
        place.path,
        version=place.version,
        lines=(place.line_from, place.line_to),
        characters=(place.char_from + 1, place.char_to) if _key(place) in parts else None,
    )


def _key(place: Place) -> ChunkKey:
    return (place.content_hash, place.format, place.title, place.chunker_version, place.ordinal)


def _describe_hit(views: Views, hit: Hit, arguments: DocsSearchArguments, rank: int, parts: frozenset[ChunkKey]) -> str:
    place, score = hit.place, hit.score
    scored = f"score {score.total:.2f}"
    if arguments.mode == "explain":
        models = "".join(
            f" + {name} {part:.2f}"
            for name, part in (("meaning", score.meaning), ("relevance", score.relevance))
            if part
        )
        scored += f" = words {score.words:.2f} + document {score.document:.2f} + nearness {score.nearness:.2f}{models}"
    lines = [
        f"{rank}. {_chunk_id(views, place, parts)} · {scored} · {hit.tokens} tokens",
        join_trail(place.title, place.headings),
        _link(views, place),
    ]
    if hit.also:
        also = ", ".join(_chunk_id(views, other, parts) for other in hit.also[:SHOWN_PLACES])
        more = f" and {len(hit.also) - SHOWN_PLACES} more" if len(hit.also) > SHOWN_PLACES else ""
        lines.append(f"The same text: {also}{more}")
    heading = place.headings[-1] if place.headings else place.title
    snippet = make_snippet(hit.body, arguments.query, heading=heading, max_characters=SNIPPET_CHARACTERS)
    return "\n".join((*lines, snippet))


def _explain(found: Found, arguments: DocsSearchArguments) -> list[str]:
    """Return what was done with the question, and in explain mode what each word weighs."""
    lines = [f"Nothing holds the words as written; searched instead: {found.corrected}"] if found.corrected else []
    if found.relaxed:
        lines.append("No chunk holds the quoted phrase; these hold its words.")
    if arguments.mode == "explain":
        words = ", ".join(f"{word.word} ({word.chunks} chunks, weight {word.weight:.2f})" for word in found.words)
        lines.append(f"Words: {words}. Score = BM25 of the chunk + 0.3 x that of its document + words near each other.")
    return lines


def _warn(found: Found) -> list[str]:
    lines = [f"Degraded: {reason}." for reason in (found.degraded, *found.unaided) if reason]
    if found.unknown and not found.corrected:
        lines.append(_describe_unknown(found))
    return lines


def _describe_unknown(found: Found) -> str:
    words = [f"{word} (near: {', '.join(near)})" if near else word for word, near in list(found.unknown.items())[:10]]
    return f"In no chunk: {', '.join(words)}."


def _describe_next(call: Call, first_id: str, found: Found, purpose: str, position: tuple[int, int]) -> str:
    read = f'Read one: docs_read(id="{first_id}").'
    if position[0] >= found.total:
        return read
    if found.degraded:
        # The next page would be of another sample.
        return f"{read} {found.total - position[0]} more with a larger max_chars."
    return f'{read} More: the same call with cursor="{call.seal_cursor([*position], purpose=purpose)}".'


def _describe_nothing(searched: Sequence[ReadableProject], arguments: DocsSearchArguments, found: Found) -> Answer:
    """Say why there is no answer: nothing to search, nothing asked, words that stand nowhere, or filters that leave nothing."""
    heads = "\n".join(freshness_line(project) for project in searched[:20])
    where = f" below {arguments.path!r}" if arguments.path else ""
    known = any(word.chunks for word in found.words)
    if not any(project.chunks for project in searched):
        why = "No chunk is there to search: nothing is synced there, or was not at that moment. docs_projects() says how projects stand."
    elif found.degraded:
        why = f"Degraded: {found.degraded}."
    elif not found.words:
        why = "The query holds no word to search by: letters or digits."
    elif known:
        why = f"Its words stand in the docs, but no chunk{where} is left by the filters (path, path:, lang:) or at that revision. Ask without them."
    else:
        why = f"No chunk{where} holds any of these words. Try other words, or docs_list(project=…) for what there is."
    unknown = [_describe_unknown(found)] if found.unknown and known else []
    unaided = [f"Degraded: {reason}." for reason in found.unaided]
    return TextAnswer(heads, "", "\n".join((why, *unknown, *unaided)), "docs_search", rows=0)
