"""docs_chunks: chunks by id, or those of a document, with their neighbours."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from mcp_server.answers import Answer, TextAnswer
from mcp_server.arguments import Arguments, At, Text
from mcp_server.calls import Call
from mcp_server.freshness import freshness_line
from mcp_server.resolving import Target, get_target
from mcp_server.tools.reading import DEFAULT_CHARACTERS
from syncd.adapters.postgres.reading.chunks import ReadableChunk, list_chunks
from syncd.core.references import format_chunk_id
from syncd.errors import Rejected

MAX_CHUNKS = 50
MAX_IDS = 20
MAX_AROUND = 5


class ChunksArguments(Arguments):
    """Arguments of docs_chunks."""

    ids: Annotated[list[Text] | None, Field(min_length=1, max_length=MAX_IDS, description="chunk ids")] = None
    id: Annotated[Text | None, Field(description="a document or chunk")] = None
    around: Annotated[int, Field(ge=0, le=MAX_AROUND, description="neighbours on each side")] = 0
    limit: Annotated[int, Field(ge=1, le=MAX_CHUNKS)] = 10
    at: At = None

    @model_validator(mode="after")
    def require_one(self) -> Self:
        """Either way of naming chunks, and not both."""
        if (self.ids is None) == (self.id is None):
            raise ValueError("pass either ids or id")
        return self


async def show_chunks(call: Call, arguments: ChunksArguments) -> Answer:
    """Return whole chunks, as many as fit."""
    shown: list[str] = []
    heads: dict[str, None] = {}
    sources: list[str] = []
    spent = 0
    rest: list[str] = []
    for wanted in arguments.ids or [arguments.id or ""]:
        target = await get_target(call, wanted, at=arguments.at)
        chunks = await _list_wanted(call, target, around=arguments.around, limit=arguments.limit + 1)
        if not chunks:
            raise Rejected(
                "chunks_absent",
                f"{target.document_id} has no chunk there.",
                hint=f'docs_read(id="{target.document_id}")',
            )
        heads[freshness_line(target.project)] = None
        sources.append(target.document_id)
        for chunk in chunks:
            if len(shown) == arguments.limit or (shown and spent + len(chunk.body) > DEFAULT_CHARACTERS):
                rest.append(f"{target.document_id}:L{chunk.line_from}-{chunks[-1].line_to}")
                break
            shown.append(_describe(target, chunk))
            spent += len(chunk.body)
    tail = _describe_rest(rest, arguments)
    return TextAnswer("\n".join(heads), "\n\n".join(shown), tail, " ".join(dict.fromkeys(sources)), rows=len(shown))


async def _list_wanted(call: Call, target: Target, *, around: int, limit: int) -> Sequence[ReadableChunk]:
    connection, document = call.connection, target.document
    if target.lines is None:
        return await list_chunks(connection, document, limit=limit)
    overlapping = await list_chunks(connection, document, lines=target.lines, limit=limit)
    exact = [chunk for chunk in overlapping if (chunk.line_from, chunk.line_to) == target.lines]
    found = exact or overlapping
    if not found or around == 0:
        return found
    first, last = found[0].ordinal - around, found[-1].ordinal + around
    return await list_chunks(connection, document, from_ordinal=max(first, 0), limit=last - max(first, 0) + 1)


def _describe(target: Target, chunk: ReadableChunk) -> str:
    lines = (chunk.line_from, chunk.line_to)
    chunk_id = format_chunk_id(target.project.name, target.document.path, version=target.document.version, lines=lines)
    trail = chunk.header.partition("\n")[0]
    return f"[{chunk_id}] {trail}\n{target.link(lines)}\n{chunk.body.rstrip()}"


def _describe_rest(rest: list[str], arguments: ChunksArguments) -> str:
    if not rest:
        return ""
    calls = "; ".join(f'docs_chunks(id="{chunk_id}")' for chunk_id in rest[:3])
    return f"More than limit={arguments.limit} or {DEFAULT_CHARACTERS} characters. Go on: {calls}"
