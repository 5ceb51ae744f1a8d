"""What a search asks of Postgres, each question under row-level security: statistics, candidates, lengths, bodies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.documents import EVERY_PATH, PathRange
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import DocumentId, ProjectId
from syncd.core.queries import SearchQuery

_LIST_TERM_STATISTICS = load_statement("reading/list_term_statistics")
_PREFER_INDEXES = load_statement("reading/prefer_indexes")
_SEARCH_CHUNKS = load_statement("reading/search_chunks")
_COUNT_LAYOUTS = load_statement("reading/count_layouts")
_LIST_IMPACTS = load_statement("reading/list_impacts")
_LIST_BODIES = load_statement("reading/list_bodies")


class Place(NamedTuple):
    """A chunk that matches, at its place in a document. *score* is BM25. Hundreds are made for one search."""

    project_id: ProjectId
    document_id: DocumentId
    content_hash: bytes
    format: str
    path: str
    title: str
    version: int
    commit_sha: str | None
    chunker_version: int
    chunk_hash: bytes
    ordinal: int
    headings: Sequence[str]
    anchor: str | None
    line_from: int
    line_to: int
    char_from: int
    char_to: int
    score: float


@dataclass(frozen=True, slots=True)
class Searched:
    """A project as it is searched: the chunks that its statistics are of, always the newest; the revision, and the paths, that are read."""

    chunks: int
    revision: int
    paths: PathRange = EVERY_PATH


@dataclass(frozen=True, slots=True)
class Lookup:
    """Which chunks are candidates: those that hold any (or *every*) of *terms*, the best *most*, of about *most_scanned* that are looked at."""

    terms: Sequence[int]
    every: bool
    most: int
    most_scanned: int


async def list_term_statistics(
    connection: Connection, projects: Iterable[ProjectId], terms: Iterable[int]
) -> dict[int, int]:
    """Return in how many chunk places of *projects* each of *terms* stands; absent ones are left out."""
    rows = await connection.fetch(_LIST_TERM_STATISTICS, list(projects), list(terms))
    return {row["term_id"]: row["document_frequency"] for row in rows if row["document_frequency"] > 0}


async def prefer_indexes(connection: Connection) -> None:
    """Keep what follows in this transaction from reading whole tables."""
    await connection.execute(_PREFER_INDEXES)


async def search_chunks(
    connection: Connection,
    projects: Mapping[ProjectId, Searched],
    query: SearchQuery,
    weights: Mapping[int, float],
    *,
    lookup: Lookup,
    limit: int,
) -> tuple[Sequence[Place], int]:
    """Return the best *limit* places, and how many candidates they were chosen from: as many as the lookup allows, or all."""
    rows = await connection.fetch(
        _SEARCH_CHUNKS,
        list(lookup.terms),
        lookup.every,
        list(weights),
        list(weights.values()),
        lookup.most,
        lookup.most_scanned,
        *list_bounds(projects, query),
        limit,
    )
    return make_places(rows)


def list_bounds(projects: Mapping[ProjectId, Searched], query: SearchQuery) -> Sequence[Sequence[object]]:
    """Return what bounds a search, as each of its statements takes it: the projects with their revisions and paths, and the filters."""
    return (
        list(projects),
        [searched.revision for searched in projects.values()],
        [searched.paths.start for searched in projects.values()],
        [searched.paths.end for searched in projects.values()],
        query.paths,
        query.languages,
        query.phrases,
    )


def make_places(rows: Sequence[Mapping[str, Any]]) -> tuple[Sequence[Place], int]:
    """Return the places of a search's rows, and how many candidates they were chosen from: there is a row of that even without a place."""
    places = [Place._make(row[name] for name in Place._fields) for row in rows if row["chunk_hash"] is not None]
    return places, rows[0]["candidates"]


async def count_layouts(connection: Connection, places: Sequence[Place]) -> Sequence[int]:
    """Return how many chunks the document of each place has."""
    rows = await connection.fetch(
        _COUNT_LAYOUTS,
        [place.content_hash for place in places],
        [place.format for place in places],
        [place.title for place in places],
        [place.chunker_version for place in places],
    )
    return [row["chunks"] for row in rows]


async def list_impacts(
    connection: Connection, hashes: Iterable[bytes], terms: Iterable[int]
) -> Mapping[bytes, Sequence[float]]:
    """Return the impact of each of *terms*, in their order, in chunks by hash."""
    rows = await connection.fetch(_LIST_IMPACTS, list(hashes), list(terms))
    return {row["chunk_hash"]: row["impacts"] for row in rows}


async def list_bodies(connection: Connection, hashes: Iterable[bytes]) -> Mapping[bytes, tuple[str, int]]:
    """Return text and token count of chunks by hash."""
    rows = await connection.fetch(_LIST_BODIES, list(hashes))
    return {row["chunk_hash"]: (row["body"], row["tokens"]) for row in rows}
