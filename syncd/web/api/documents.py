"""Documents over REST, as of the newest revision. What a revision holds never changes, so answers are kept by revision."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.documents import (
    ReadableDocument,
    find_document_by_id,
    get_text,
    list_documents,
    list_documents_at,
    make_path_range,
)
from syncd.adapters.postgres.transactions import reading
from syncd.core.permalinks import make_permalink
from syncd.core.projects import Project
from syncd.errors import NotFound
from syncd.services.projects import get_project_by_id
from syncd.web.api.models import Text, Told
from syncd.web.api.paging import PageQuery, open_page
from syncd.web.api.projects import find_project, make_shelf
from syncd.web.api.route import Call, Reply


class DocumentsQuery(PageQuery):
    """Which documents of a project."""

    path: Annotated[Text, Field(max_length=1024, description="A folder; everything below it.")] = ""


class DocumentTold(Told):
    """A document as it is now."""

    id: UUID
    project: str
    path: str
    title: str
    format: str
    version: int
    git_sha: str
    content_hash: str
    size: int
    lines: int
    commit: str | None
    author: str | None
    committed_at: datetime | None
    revision: int
    url: str


class DocumentTextTold(DocumentTold):
    """A document with its text."""

    text: str


class DocumentsTold(Told):
    """A page of documents, by path."""

    items: list[DocumentTold]
    next_cursor: str | None


async def show_documents(call: Call) -> Reply:
    """List the documents of a project."""
    query = call.ask(DocumentsQuery)
    project = await find_project(call)
    # A cursor goes on in the revision that its list began with: no document is missed or doubled by a sync in between.
    page = open_page(call, query, query.path, start=("", project.revision))
    revision = int(page.position[1])

    async def ask() -> DocumentsTold:
        async with reading(call.site.pool, call.caller.tenant_id) as connection:
            found = await list_documents(
                connection,
                project.project_id,
                make_path_range(query.path),
                after=page.after,
                limit=page.rows,
                revision=revision,
            )
        shown, more = page.cut(found, lambda document: [document.path, revision])
        return DocumentsTold(items=[_describe(call, project, document) for document in shown], next_cursor=more)

    question = f"documents {query.limit} {query.path!r} {page.after!r}"
    return await _answer(call, project, revision, question=question, ask=ask)


async def show(call: Call) -> Reply:
    """Tell one document with its text."""
    document_id = call.find_id("document_id")
    async with reading(call.site.pool, call.caller.tenant_id) as connection:
        place = None if document_id is None else await find_document_by_id(connection, document_id)
    if place is None or not call.caller.sees(place[0]):
        raise _make_not_found(call)
    project = await get_project_by_id(make_shelf(call), place[0])

    async def ask() -> DocumentTextTold:
        async with reading(call.site.pool, call.caller.tenant_id) as connection:
            document = await _get_document(call, connection, project, place[1])
            text = await get_text(connection, document.content_hash)
        return DocumentTextTold(**_describe(call, project, document).model_dump(), text=text)

    return await _answer(call, project, project.revision, question=f"document {document_id} {place[1]!r}", ask=ask)


async def _get_document(call: Call, connection: Connection, project: Project, path: str) -> ReadableDocument:
    found = await list_documents_at(connection, project.project_id, [path], revision=project.revision)
    if not found:
        raise _make_not_found(call)  # published away between two statements
    return found[0]


async def _answer(
    call: Call, project: Project, revision: int, *, question: str, ask: Callable[[], Awaitable[Told]]
) -> Reply:
    """Answer from what is kept of this revision, else ask the database and keep it. A project's name stands in its answers."""
    tenant_id, reads = call.caller.tenant_id, call.site.rest.reads
    full = f"{project.project_id} {project.name} {revision} {question}"
    kept = await reads.get(tenant_id, full)
    if kept is None:
        kept = (await ask()).model_dump_json()
        await reads.put(tenant_id, full, kept)
    return Reply(None, text=kept)


def _describe(call: Call, project: Project, document: ReadableDocument) -> DocumentTold:
    return DocumentTold(
        id=document.document_id,
        project=project.name,
        path=document.path,
        title=document.title,
        format=document.format,
        version=document.version,
        git_sha=document.git_sha,
        content_hash=document.content_hash.hex(),
        size=document.size,
        lines=document.lines,
        commit=document.commit_sha,
        author=document.author,
        committed_at=document.committed_at,
        revision=document.revision_from,
        url=make_permalink(
            repository=project.repository,
            commit=document.commit_sha,
            project=project.name,
            path=document.path,
            version=document.version,
            web_url=call.site.github_url,
        ),
    )


def _make_not_found(call: Call) -> NotFound:
    name = call.request.match_info["document_id"][:100]
    return NotFound("document_not_found", f"There is no document {name}.", hint="List the documents of a project.")
