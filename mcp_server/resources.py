"""Documents as resources: `doc://project/path`, and `doc://project/path@v3` for good."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mcp.server import ServerRequestContext
from mcp_types import (
    Annotations,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from mcp_server.arguments import MAX_ID_CHARACTERS, is_storable
from mcp_server.calls import Call
from mcp_server.freshness import format_time, freshness_values
from mcp_server.gate import Gate
from mcp_server.requests import Requests
from mcp_server.resolving import Target, get_target
from mcp_server.streams import SCHEME, make_document_uri
from mcp_server.tools.reading import MAX_CHARACTERS, read_target
from syncd.adapters.postgres.reading.documents import ReadableDocument, list_documents, make_path_range
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.core.visible import make_visible
from syncd.errors import NotFound

PAGE = 200
# The content of a version never changes; a client may keep it as long as it likes.
PINNED_TTL_MS = 365 * 24 * 60 * 60 * 1000
_LIST = "resources/list"
_WHOLE = make_path_range("")
_MIME_TYPES = {
    "md": "text/markdown",
    "mdx": "text/markdown",
    "rst": "text/x-rst",
    "adoc": "text/asciidoc",
    "org": "text/org",
    "html": "text/html",
    "ipynb": "application/x-ipynb+json",
}
TEMPLATES = (
    ResourceTemplate(
        uri_template="doc://{project}/{+path}",
        name="document",
        title="A document, as it is now",
        description="The current text. #anchor and :L10-48 name a part of it.",
    ),
    ResourceTemplate(
        uri_template="doc://{project}/{+path}@v{version}",
        name="version",
        title="A version of a document",
        description="This text for good, also when the document has changed or is gone.",
    ),
    ResourceTemplate(
        uri_template="doc://{project}/{+path}#{heading}",
        name="section",
        title="A section of a document",
        description="What stands under a heading, named by its anchor.",
    ),
)


@dataclass(frozen=True, slots=True)
class Resources:
    """Answers resources/list, resources/templates/list and resources/read."""

    requests: Requests
    gate: Gate
    poll_seconds: float
    now: Callable[[], datetime]

    async def list_resources(
        self, context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """Return the documents of every project in view, page by page, in the order of project and path."""
        async with self.requests.open(context) as call:
            cursor = params.cursor if params else None
            name, path = (str(part) for part in call.open_cursor(cursor, purpose=_LIST)) if cursor else ("", "")
            shown: list[tuple[ReadableProject, ReadableDocument]] = []
            for project in call.projects:
                if project.documents and project.name >= name and len(shown) <= PAGE:
                    found = await list_documents(
                        call.connection,
                        project.project_id,
                        _WHOLE,
                        after=path if project.name == name else "",
                        limit=PAGE + 1 - len(shown),
                        revision=project.revision,
                    )
                    shown += [(project, document) for document in found]
            following = None
            if len(shown) > PAGE:
                last_project, last = shown[PAGE - 1]
                following = call.seal_cursor([last_project.name, last.path], purpose=_LIST)
            resources = [_describe(project, document) for project, document in shown[:PAGE]]
            return ListResourcesResult(resources=resources, next_cursor=following)

    async def list_templates(
        self, _: ServerRequestContext[Any], __: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """Return the templates: the same for everybody."""
        return ListResourceTemplatesResult(resource_templates=list(TEMPLATES))

    async def read_resource(
        self, context: ServerRequestContext[Any], params: ReadResourceRequestParams
    ) -> ReadResourceResult:
        """Return the text that a URI names, as docs_read would."""
        async with self.requests.open(context) as call:
            target = await _get_resource(call, params.uri)
            text = self.gate.release_text(await read_target(call, target, max_characters=MAX_CHARACTERS))
            contents = TextResourceContents(
                uri=make_visible(params.uri).text,
                mime_type=_mime_type(target.document),
                text=text,
                _meta=self.gate.release_values(
                    {
                        **freshness_values(target.project),
                        "version": target.document.version,
                        "contentHash": target.document.content_hash.hex(),
                        "integrity": "untrusted",
                    }
                ),
            )
            return ReadResourceResult(contents=[contents], ttl_ms=self._ttl_ms(target), cache_scope="private")

    def _ttl_ms(self, target: Target) -> int:
        """Return how long the text is sure to be the newest that this server has: a source that tells nothing is polled."""
        project = target.project
        if target.pinned:
            return PINNED_TTL_MS
        if project.condition != "ready" or project.checked_at is None:
            return 0
        left = self.poll_seconds - (self.now() - project.checked_at).total_seconds()
        return round(max(0.0, min(left, self.poll_seconds)) * 1000)


async def _get_resource(call: Call, uri: str) -> Target:
    if not uri.startswith(SCHEME) or len(uri) > MAX_ID_CHARACTERS or not is_storable(uri):
        raise NotFound(
            "resource_not_found",
            f"There is no resource {uri[:200]!r}.",
            hint="Resources are doc://project/path, doc://project/path@v3 and doc://project/path#anchor.",
        )
    return await get_target(call, uri)


def _mime_type(document: ReadableDocument) -> str:
    return _MIME_TYPES.get(document.format, "text/plain")


def _describe(project: ReadableProject, document: ReadableDocument) -> Resource:
    modified = format_time(document.committed_at)
    return Resource(
        uri=make_document_uri(project.name, document.path),
        name=make_visible(f"{project.name}/{document.path}").text,
        title=make_visible(document.title).text,
        mime_type=_mime_type(document),
        size=document.size,
        annotations=Annotations(last_modified=modified) if modified else None,
        _meta={"version": document.version, "contentHash": document.content_hash.hex()},
    )
