"""What the daemon asks and writes while it makes vectors: whose turn it is, what has none, how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.contents import sharing_contents
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId, TenantId
from syncd.core.meaning import Vector, format_vector

_HAS_HALFVEC = load_statement("embeddings/has_halfvec")
_LIST_EMBEDDABLE = load_statement("embeddings/list_embeddable")
_FIND_UNFINISHED = load_statement("embeddings/find_unfinished")
_CLAIM_PROJECT = load_statement("embeddings/claim_project")
_KEEP_CLAIM = load_statement("embeddings/keep_claim")
_LIST_UNEMBEDDED = load_statement("embeddings/list_unembedded")
_ADD_VECTORS = load_statement("embeddings/add_vectors")
_COUNT_EMBEDDED = load_statement("embeddings/count_embedded")
_PUT_COVERAGE = load_statement("embeddings/put_coverage")
_GIVE_BACK = load_statement("embeddings/give_back")
_REMOVE_FORMER = load_statement("embeddings/remove_former")


@dataclass(frozen=True, slots=True)
class Claim:
    """Our turn to make vectors of one model for one project, which no other daemon has at the same time."""

    tenant_id: TenantId
    project_id: ProjectId
    model: str
    nonce: UUID


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A state of a project whose chunks are not known to have vectors."""

    revision: int
    chunker_version: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the vectors of a project: their dimensions, once there is one, and whether all were there before."""

    dimensions: int | None
    was_complete: bool


@dataclass(frozen=True, slots=True)
class UnembeddedChunk:
    """A chunk that has no vector yet."""

    chunk_hash: bytes
    header: str
    body: str


@dataclass(frozen=True, slots=True)
class NewVector:
    """The vector of one passage of a chunk."""

    chunk_hash: bytes
    passage: int
    vector: Vector


async def has_halfvec(connection: Connection) -> bool:
    """Return whether this database can hold vectors."""
    return bool(await connection.fetchval(_HAS_HALFVEC))


async def list_embeddable(connection: Connection, tenants: Sequence[str]) -> Sequence[tuple[TenantId, ProjectId]]:
    """Return the projects of the tenants of these names (*: of every one)."""
    rows = await connection.fetch(_LIST_EMBEDDABLE, list(tenants))
    return [(TenantId(row["tenant_id"]), ProjectId(row["project_id"])) for row in rows]


async def find_unfinished(connection: Connection, project_id: ProjectId, model: str) -> Unfinished | None:
    """Return the published state of the project, if its chunks are not known to have vectors of *model*."""
    row = await connection.fetchrow(_FIND_UNFINISHED, project_id, model)
    return Unfinished(**row) if row else None


async def claim_project(connection: Connection, claim: Claim, *, now: datetime, until: datetime) -> Standing | None:
    """Take the claim unless another's stands; none when it does."""
    row = await connection.fetchrow(_CLAIM_PROJECT, claim.project_id, claim.model, claim.nonce, now, until)
    return Standing(**row) if row else None


async def keep_claim(
    connection: Connection, claim: Claim, *, now: datetime, until: datetime, dimensions: int, embedded: int
) -> bool:
    """Hold the claim until *until*, and count *embedded* chunks more; false when it is lost: then nothing may be written."""
    kept = await connection.fetchval(
        _KEEP_CLAIM, claim.project_id, claim.model, claim.nonce, until, dimensions, embedded, now
    )
    return kept is not None


async def list_unembedded(
    connection: Connection, project_id: ProjectId, model: str, *, limit: int, after: bytes
) -> Sequence[UnembeddedChunk]:
    """Return at most *limit* chunks of current documents that have no vector of *model*, by hash, beyond the hash *after*."""
    rows = await connection.fetch(_LIST_UNEMBEDDED, project_id, model, limit, after)
    return [UnembeddedChunk(**row) for row in rows]


async def add_vectors(connection: Connection, model: str, vectors: Sequence[NewVector]) -> None:
    """Store vectors."""
    with sharing_contents():
        await connection.execute(
            _ADD_VECTORS,
            model,
            [one.chunk_hash for one in vectors],
            [one.passage for one in vectors],
            [format_vector(one.vector) for one in vectors],
        )


async def count_embedded(connection: Connection, project_id: ProjectId, model: str) -> tuple[int, int]:
    """Return how many chunks the current documents hold, and how many of them have vectors of *model*."""
    row = await connection.fetchrow(_COUNT_EMBEDDED, project_id, model)
    return (row["chunks"], row["embedded"]) if row else (0, 0)


async def put_coverage(
    connection: Connection, claim: Claim, state: Unfinished, *, chunks: int, embedded: int, now: datetime
) -> None:
    """Write down how far the project is in *state*."""
    await connection.execute(
        _PUT_COVERAGE,
        claim.project_id,
        claim.model,
        claim.nonce,
        state.revision,
        state.chunker_version,
        chunks,
        embedded,
        now,
    )


async def give_back(
    connection: Connection, claim: Claim, *, now: datetime, reason: str | None = None, message: str | None = None
) -> None:
    """Give the claim back, with what hinders the work."""
    await connection.execute(_GIVE_BACK, claim.project_id, claim.model, claim.nonce, reason, message, now)


async def remove_former(
    connection: Connection, project_id: ProjectId, model: str, *, limit: int, before: datetime
) -> int:
    """Remove at most *limit* vectors of other models, once *model* is complete since before *before*; return how many."""
    done = await connection.execute(_REMOVE_FORMER, project_id, model, limit, before)
    return int(done.rpartition(" ")[2])
