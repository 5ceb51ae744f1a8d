"""Links as they are written, and what they may lead to: names, labels, and what a document says of itself."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.documents import ReadableDocument
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId
from syncd.core.outline import Link, LinkKind

_LIST_LINKS = load_statement("reading/list_links")
_LIST_LINKS_TO = load_statement("reading/list_links_to")
_LIST_LINKS_AT = load_statement("reading/list_links_at")
_LIST_ANCHORS = load_statement("reading/list_anchors")
_LIST_LABELS = load_statement("reading/list_labels")
_LIST_LABELS_OF = load_statement("reading/list_labels_of")
_LIST_PLAIN_DOCUMENTS = load_statement("reading/list_plain_documents")
_FIND_ANCHOR = load_statement("reading/find_anchor")
_FIND_OUTLINE = load_statement("reading/find_outline")


@dataclass(frozen=True, slots=True)
class PlacedLink:
    """A link in the document at *path*."""

    path: str
    line: int
    target: str
    text: str
    kind: LinkKind = LinkKind.URL


@dataclass(frozen=True, slots=True)
class OrderedLink:
    """A link in the document at *path*, where it is the one of number *ordinal*."""

    path: str
    ordinal: int
    line: int
    target: str
    text: str
    kind: LinkKind


@dataclass(frozen=True, slots=True)
class PlainDocument:
    """A document that is cut as plain text, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class SelfDescription:
    """What a document says of itself, and why it is cut as plain text, if it is."""

    language: str | None
    metadata: Mapping[str, str]
    fallback: str | None


async def list_links(
    connection: Connection, document: ReadableDocument, *, from_ordinal: int = 0, limit: int
) -> Sequence[Link]:
    """Return at most *limit* links of a document, in order, from *from_ordinal* on."""
    rows = await connection.fetch(_LIST_LINKS, document.content_hash, document.format, from_ordinal, limit)
    return tuple(Link(**_with_kind(row)) for row in rows)


async def list_links_to(
    connection: Connection, project_id: ProjectId, names: Sequence[str], *, revision: int, limit: int
) -> Sequence[PlacedLink]:
    """Return at most *limit* links of a project at *revision* whose target ends in one of *names*, by path and line."""
    rows = await connection.fetch(_LIST_LINKS_TO, project_id, revision, list(names), limit)
    return tuple(PlacedLink(**_with_kind(row)) for row in rows)


async def list_links_at(
    connection: Connection, project_id: ProjectId, *, revision: int, after: tuple[str, int], limit: int
) -> Sequence[OrderedLink]:
    """Return at most *limit* links of a project at *revision*, by path and number, beyond that path and number."""
    rows = await connection.fetch(_LIST_LINKS_AT, project_id, revision, *after, limit)
    return tuple(OrderedLink(**_with_kind(row)) for row in rows)


async def list_anchors(
    connection: Connection, project_id: ProjectId, paths: Collection[str], names: Collection[str], *, revision: int
) -> frozenset[tuple[str, str]]:
    """Return which of *names* a link to which of the documents at *paths* may end in."""
    rows = await connection.fetch(_LIST_ANCHORS, project_id, list(paths), list(names), revision)
    return frozenset((row["path"], row["name"]) for row in rows)


async def find_anchor(connection: Connection, document: ReadableDocument, names: Collection[str]) -> int | None:
    """Return the first line (from 1) of a document on which one of *names* stands."""
    line = await connection.fetchval(_FIND_ANCHOR, document.content_hash, document.format, list(names))
    return None if line is None else int(line)


async def list_labels(
    connection: Connection, project_id: ProjectId, names: Collection[str], *, revision: int
) -> Mapping[str, str]:
    """Return the path of the document that each of *names* is a label in; the first by path."""
    rows = await connection.fetch(_LIST_LABELS, project_id, list(names), revision)
    return {row["name"]: row["path"] for row in reversed(rows)}


async def list_labels_of(connection: Connection, document: ReadableDocument, *, limit: int) -> Sequence[str]:
    """Return at most *limit* labels of a document."""
    rows = await connection.fetch(_LIST_LABELS_OF, document.content_hash, document.format, limit)
    return tuple(row["name"] for row in rows)


async def list_plain_documents(
    connection: Connection, project_id: ProjectId, *, revision: int, limit: int, after: str = ""
) -> Sequence[PlainDocument]:
    """Return at most *limit* documents of a project that are cut as plain text at *revision*, by path, after the path *after*."""
    rows = await connection.fetch(_LIST_PLAIN_DOCUMENTS, project_id, revision, after, limit)
    return tuple(PlainDocument(**row) for row in rows)


async def find_outline(connection: Connection, document: ReadableDocument) -> SelfDescription:
    """Return what a document says of itself."""
    row = await connection.fetchrow(_FIND_OUTLINE, document.content_hash, document.format)
    if row is None:
        return SelfDescription(None, {}, None)
    return SelfDescription(row["language"], json.loads(row["metadata"]), row["fallback"])


def _with_kind(row: asyncpg.Record) -> dict[str, Any]:
    return {**row, "kind": LinkKind(row["kind"])}
