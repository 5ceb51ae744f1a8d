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
from syncd.adapters.postgres.reading.chunks import LAST_LINE, ChunkKey, ReadableChunk, list_chunks, list_parts
from syncd.core.references import format_chunk_id
from syncd.errors import Rejected

MAX_CHUNKS = 50
MAX_IDS = 20
MAX_AROUND = 5
LAST_CHARACTER = 999_999_999


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
    shown: list[tuple[Target, ReadableChunk]] = []
    heads: dict[str, None] = {}
    sources: list[str] = []
    spent = 0
    rest: list[str] = []
    for wanted in arguments.ids or [arguments.id or ""]:
        target = await get_target(call, wanted, at=arguments.at)
        chunks, more = await _list_wanted(call, target, around=arguments.around, limit=arguments.limit)
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
                rest.append(_describe_following(target, chunk, None if more else chunks[-1]))
                break
            shown.append((target, chunk))
            spent += len(chunk.body)
    parts = await list_parts(call.connection, [_key(target, chunk) for target, chunk in shown])
    described = [_describe(target, chunk, is_part=_key(target, chunk) in parts) for target, chunk in shown]
    source = " ".join(dict.fromkeys(sources))
    return TextAnswer(
        "\n".join(heads), "\n\n".join(described), _describe_rest(rest, arguments), source, rows=len(shown)
    )


async def _list_wanted(call: Call, target: Target, *, around: int, limit: int) -> tuple[Sequence[ReadableChunk], bool]:
    """Return the chunks that *target* names, with neighbours, and whether it names more of them than *limit* and one."""
    begin, end = target.characters or (1, LAST_CHARACTER)
    overlapping = await list_chunks(
        call.connection,
        target.document,
        lines=target.lines or (1, LAST_LINE),
        from_character=begin - 1,
        limit=limit + 1,
    )
    exact = [chunk for chunk in overlapping if target.lines in {None, (chunk.line_from, chunk.line_to)}]
    found = [chunk for chunk in exact or overlapping if chunk.char_from < end]
    more = len(found) > limit
    is_part = target.lines is not None or target.characters is not None
    if not found or not is_part or around == 0:
        return found, more
    first, last = max(found[0].ordinal - around, 0), found[-1].ordinal + around
    window = await list_chunks(call.connection, target.document, from_ordinal=first, limit=last - first + 1)
    return window, more


def _describe_following(target: Target, chunk: ReadableChunk, last: ReadableChunk | None) -> str:
    """Return the id of what goes on with *chunk*, up to *last* or to the end of what *target* names."""
    if last is not None:
        return f"{target.document_id}:C{chunk.char_from + 1}-{last.char_to}"
    lines = f":L{chunk.line_from}-{target.lines[1]}" if target.lines else ""
    # No text has more characters than bytes.
    end = target.characters[1] if target.characters else target.document.size
    return f"{target.document_id}{lines}:C{chunk.char_from + 1}-{end}"


def _key(target: Target, chunk: ReadableChunk) -> ChunkKey:
    document = target.document
    return (document.content_hash, document.format, document.title, document.chunker_version, chunk.ordinal)


def _describe(target: Target, chunk: ReadableChunk, *, is_part: bool) -> str:
    lines = (chunk.line_from, chunk.line_to)
    chunk_id = format_chunk_id(
        target.project.name,
        target.document.path,
        version=target.document.version,
        lines=lines,
        characters=(chunk.char_from + 1, chunk.char_to) if is_part else None,
    )
    trail = chunk.header.partition("\n")[0]
    return f"[{chunk_id}] {trail}\n{target.link(lines)}\n{chunk.body.rstrip()}"


def _describe_rest(rest: list[str], arguments: ChunksArguments) -> str:
    if not rest:
        return ""
    calls = "; ".join(f'docs_chunks(id="{chunk_id}")' for chunk_id in rest[:3])
    return f"More than limit={arguments.limit} or {DEFAULT_CHARACTERS} characters. Go on: {calls}"
