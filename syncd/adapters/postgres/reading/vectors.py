"""What a search by meaning asks of Postgres, under row-level security: which projects have vectors, what is near, how near a chunk is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.search import Place, Searched, list_bounds, make_places
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId
from syncd.core.meaning import Vector, format_vector
from syncd.core.queries import SearchQuery

_LIST_EMBEDDINGS = load_statement("reading/list_embeddings")
_SEARCH_VECTORS = load_statement("reading/search_vectors")
_LIST_SIMILARITIES = load_statement("reading/list_similarities")
_GET_OWN_NAME = load_statement("reading/get_own_name")


@dataclass(frozen=True, slots=True)
class Embedded:
    """How far the vectors of a project are. *was_complete*: all its chunks had one, at some moment; some may be new since."""

    project_id: ProjectId
    dimensions: int | None
    chunks: int
    embedded: int
    revision: int
    was_complete: bool


async def get_own_name(connection: Connection) -> str:
    """Return what the tenant of this transaction is called."""
    return str(await connection.fetchval(_GET_OWN_NAME))


async def list_embeddings(connection: Connection, projects: Iterable[ProjectId], model: str) -> Sequence[Embedded]:
    """Return how far *model* is with each of *projects* that it has begun with."""
    return [Embedded(**row) for row in await connection.fetch(_LIST_EMBEDDINGS, list(projects), model)]


async def search_vectors(
    connection: Connection,
    projects: Mapping[ProjectId, Searched],
    query: SearchQuery,
    vector: Vector,
    *,
    model: str,
    most_passages: int,
    limit: int,
) -> tuple[Sequence[Place], int]:
    """Return the nearest *limit* places of *projects*, each at its revision and in its paths, and how many passages they were chosen from."""
    rows = await connection.fetch(
        _SEARCH_VECTORS,
        model,
        format_vector(vector),
        most_passages,
        *list_bounds(projects, query),
        limit,
    )
    return make_places(rows)


async def list_similarities(
    connection: Connection, hashes: Iterable[bytes], vector: Vector, *, model: str
) -> Mapping[bytes, float]:
    """Return how near those chunks are that have vectors of *model*, by hash."""
    rows = await connection.fetch(_LIST_SIMILARITIES, model, format_vector(vector), list(hashes))
    return {row["chunk_hash"]: row["similarity"] for row in rows if row["similarity"] is not None}
