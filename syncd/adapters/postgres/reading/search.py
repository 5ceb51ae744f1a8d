"""BM25 over the chunks of some projects, each at a revision, in SQL, under row-level security."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.reading.documents import PathRange
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId
from syncd.core.terms import format_sparsevec, make_query_weights, query_term_ids

_HAS_SPARSE_VECTORS = load_statement("reading/has_sparse_vectors")
_LIST_TERM_STATISTICS = load_statement("reading/list_term_statistics")
_SEARCH_CHUNKS = load_statement("reading/search_chunks")
_SEARCH_CHUNKS_IN_ARRAYS = load_statement("reading/search_chunks_in_arrays")


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that answers a query, at its place in a document."""

    project_id: ProjectId
    path: str
    title: str
    version: int
    commit_sha: str | None
    score: float
    headings: Sequence[str]
    anchor: str | None
    line_from: int
    line_to: int
    body: str


@dataclass(frozen=True, slots=True)
class Searched:
    """A project as it is searched: the chunks that its statistics are of, always the newest, and the revision that is read."""

    chunks: int
    revision: int


async def has_sparse_vectors(pool: Pool) -> bool:
    """Return whether chunks hold pgvector's sparse vectors. Fixed by the first migration, so asked once a pool."""
    return bool(await pool.fetchval(_HAS_SPARSE_VECTORS))


async def search_chunks(
    connection: Connection,
    projects: Mapping[ProjectId, Searched],
    query: str,
    *,
    paths: PathRange,
    limit: int,
    offset: int = 0,
    sparse_vectors: bool,
) -> Sequence[Hit]:
    """Return the best *limit* places after the first *offset*; any word of *query* may match, none must.

    The statistics are summed over *projects*.
    """
    terms = query_term_ids(query)
    ids = list(projects)
    rows = await connection.fetch(_LIST_TERM_STATISTICS, ids, list(terms))
    chunk_count = sum(searched.chunks for searched in projects.values())
    frequencies = {row["term_id"]: row["document_frequency"] for row in rows}
    weights = make_query_weights(query, document_frequencies=frequencies, chunk_count=chunk_count)
    if not weights:
        return ()
    revisions = [searched.revision for searched in projects.values()]
    arguments = (ids, paths.start, paths.end)
    if sparse_vectors:
        rows = await connection.fetch(_SEARCH_CHUNKS, *arguments, format_sparsevec(weights), limit, offset, revisions)
    else:
        values = list(weights.values())
        rows = await connection.fetch(
            _SEARCH_CHUNKS_IN_ARRAYS, *arguments, list(weights), limit, offset, values, revisions
        )
    return tuple(Hit(**row) for row in rows)
