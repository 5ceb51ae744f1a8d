"""A document with its project and its text by one statement, which is its own transaction: what agents ask most, in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from syncd.adapters.postgres.reading.documents import ReadableDocument
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.adapters.postgres.standing import Standing
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId, TenantId
from syncd.core.sections import Place

_READ_DOCUMENT = load_statement("reading/read_document")
# The columns stand in the order of the fields: by position a row is taken apart in a third of the time.
_PROJECT_END = len(fields(ReadableProject)) - 1
_DOCUMENT_END = _PROJECT_END + len(fields(ReadableDocument))


@dataclass(frozen=True, slots=True)
class WantedDocument:
    """One reading of an id: the document at a path of the project, the newest or in a *version*."""

    path: str
    version: int | None


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """What stands where the reading of number *reading*, from 0, says. *places* are none where neither asked for nor needed to cut the text."""

    project: ReadableProject
    document: ReadableDocument
    text: str
    places: Sequence[Place]
    reading: int


async def read_document(
    standing: Standing,
    tenant_id: TenantId,
    *,
    allowed: frozenset[ProjectId] | None,
    project: str,
    readings: Sequence[WantedDocument],
    with_places: bool,
    max_characters: int,
    web_url: str,
) -> ReadDocument | None:
    """Return the first of *readings* that exists in a project of exactly this name, or none. A text beyond *max_characters* comes with its places."""
    rows = await standing.fetch(
        _READ_DOCUMENT,
        tenant_id,
        None if allowed is None else list(allowed),
        project,
        [reading.path for reading in readings],
        [reading.version for reading in readings],
        with_places,
        max_characters,
    )
    if not rows:
        return None
    (row,) = rows
    values = tuple(row)
    text, places, number = values[_DOCUMENT_END:]
    return ReadDocument(
        ReadableProject(*(*values[:_PROJECT_END], web_url)),
        ReadableDocument(*values[_PROJECT_END:_DOCUMENT_END]),
        text,
        tuple(Place(tuple(headings), anchor, first, last) for headings, anchor, first, last in places or ()),
        number - 1,
    )
