"""Makes vectors of what is published, in the background: search works before and without them.

A daemon works on a project under a claim, so that no text is embedded twice; what is written stays written, and is gone on from.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from uuid import uuid4

from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.embeddings import (
    Claim,
    NewVector,
    Standing,
    UnembeddedChunk,
    Unfinished,
    add_vectors,
    claim_project,
    count_embedded,
    find_unfinished,
    give_back,
    has_halfvec,
    keep_claim,
    list_embeddable,
    list_unembedded,
    put_coverage,
    remove_former,
)
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.transactions import in_project
from syncd.core.ids import ProjectId, TenantId
from syncd.core.meaning import Embedder, make_passages
from syncd.errors import RetryLater, Stalled, SyncdError

log = logging.getLogger("syncd.embedding")

LOOK_SECONDS = 30.0
SLICE_SECONDS = 20.0  # of one project, then it is the next one's turn
CLAIM = timedelta(seconds=90)  # longer than a request may take: it is renewed with each write
LISTED_CHUNKS = 2_000
PASSAGES_OF_A_CHUNK = 2  # about
FIRST_REST_SECONDS = 5.0
LONGEST_REST_SECONDS = 300.0
SWEEP_EVERY = timedelta(hours=1)
FORMER_KEPT = timedelta(days=1)  # MCP servers may still ask by the former model
REMOVED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Embedding:
    """What the loop works with: the projects of the tenants of these names (*: of every one) get vectors of *embedder*.

    What is asked at once, about *texts_at_once*, is written at once.
    """

    pool: Pool
    embedder: Embedder
    tenants: Sequence[str]
    clock: Callable[[], datetime]
    texts_at_once: int = 64
    slice_seconds: float = SLICE_SECONDS
    swept_at: dict[ProjectId, datetime] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """What vectors are stored under."""
        return self.embedder.model.key


async def run_embedding(work: Embedding, *, wake: asyncio.Event) -> None:
    """Make vectors for ever: at once when *wake* tells of a change, and every half a minute; rest when the model fails."""
    failures = 0
    while True:
        wake.clear()
        try:
            unfinished = await embed_all(work)
            failures = 0
        except SyncdError as error:
            seconds = _choose_rest(error, failures)
            failures += 1
            log.warning("embedding waits", extra={"code": error.code, "seconds": seconds, "error": error.message})
            await asyncio.sleep(seconds)
            continue
        if not unfinished:
            await _wait(wake, LOOK_SECONDS)


def _choose_rest(error: SyncdError, failures: int) -> float:
    """Return how long to rest: as long as the endpoint asks for, and the longer the more often it has failed."""
    asked = error.after_seconds if isinstance(error, RetryLater) else FIRST_REST_SECONDS
    return max(asked, min(FIRST_REST_SECONDS * 2.0 ** min(failures, 10), LONGEST_REST_SECONDS))


async def _wait(wake: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return


async def embed_all(work: Embedding) -> bool:
    """Work on each project for a while; return whether something is left that is ours to do. Raises what hindered the last project.

    A project that cannot go on keeps nobody from his turn, unless the endpoint is away: then nobody can.
    """
    unfinished = False
    hindered: SyncdError | None = None
    with explaining_outage():
        async with work.pool.acquire() as connection:
            projects = await list_embeddable(connection, work.tenants)
        for tenant_id, project_id in projects:
            try:
                unfinished |= await embed_project(work, tenant_id, project_id)
            except RetryLater:
                raise
            except SyncdError as error:
                hindered = error
    if hindered is not None:
        raise hindered
    return unfinished


async def embed_project(work: Embedding, tenant_id: TenantId, project_id: ProjectId) -> bool:
    """Make vectors for one project for a while, unless another daemon does; return whether something is left to do.

    What hinders it is written down, and raised.
    """
    claim = Claim(tenant_id, project_id, work.model, uuid4())
    async with in_project(work.pool, tenant_id, project_id) as connection:
        state = await find_unfinished(connection, project_id, claim.model)
        if state is None:
            await _sweep(work, connection, project_id)
            return False
        now = work.clock()
        standing = await claim_project(connection, claim, now=now, until=now + CLAIM)
        if standing is None:
            return False
        await _count(work, connection, claim, state)
    hindered: SyncdError | None = None
    has_written = False
    try:
        has_written = await _fill(work, claim, standing)
    except SyncdError as error:
        hindered = error
        raise
    finally:
        left = await _give_back(work, claim, state, hindered)
    # What nothing could be done for is looked at again later: else it would be looked at all the time.
    return left and has_written


async def _count(work: Embedding, connection: Connection, claim: Claim, state: Unfinished) -> bool:
    """Write down how far the project is; return whether something is left."""
    chunks, embedded = await count_embedded(connection, claim.project_id, claim.model)
    await put_coverage(connection, claim, state, chunks=chunks, embedded=embedded, now=work.clock())
    return embedded < chunks


async def _give_back(work: Embedding, claim: Claim, state: Unfinished, hindered: SyncdError | None) -> bool:
    """Say how far the project is now, and what hinders it; return whether something is left, or has come meanwhile."""
    reason, message = (hindered.code, hindered.message) if hindered else (None, None)
    async with in_project(work.pool, claim.tenant_id, claim.project_id) as connection:
        left = await _count(work, connection, claim, state)
        newer = await find_unfinished(connection, claim.project_id, claim.model)
        await give_back(connection, claim, now=work.clock(), reason=reason, message=message)
    fields = {"project_id": str(claim.project_id), "model": claim.model, "complete": not left, "code": reason}
    log.info("embedded", extra=fields)
    return left or newer is not None


async def _fill(work: Embedding, claim: Claim, standing: Standing) -> bool:
    """Make vectors until none is missing, the time is over, or the claim is lost; return whether any was written."""
    has_written = False
    until = work.clock() + timedelta(seconds=work.slice_seconds)
    after = b""
    while True:
        async with in_project(work.pool, claim.tenant_id, claim.project_id) as connection:
            if not await has_halfvec(connection):
                raise _make_missing_error()
            chunks = await list_unembedded(connection, claim.project_id, claim.model, limit=LISTED_CHUNKS, after=after)
        if not chunks:
            return has_written
        for part in _split(chunks, max(1, work.texts_at_once // PASSAGES_OF_A_CHUNK)):
            vectors = await _embed(work, part, standing)
            if not await _write(work, claim, part, vectors):
                return has_written
            has_written = True
            if work.clock() >= until:
                return has_written
        after = chunks[-1].chunk_hash


def _split(chunks: Sequence[UnembeddedChunk], most: int) -> Iterator[Sequence[UnembeddedChunk]]:
    waiting = iter(chunks)
    while part := list(islice(waiting, most)):
        yield part


async def _embed(work: Embedding, chunks: Sequence[UnembeddedChunk], standing: Standing) -> Sequence[NewVector]:
    most = work.embedder.model.passage_characters
    passages = [
        (chunk.chunk_hash, number, passage)
        for chunk in chunks
        for number, passage in enumerate(make_passages(chunk.header, chunk.body, max_characters=most))
    ]
    found = await work.embedder.embed([passage for _, _, passage in passages], kind="document")
    dimensions = len(found[0])
    if standing.dimensions not in {None, dimensions}:
        raise Stalled(
            "model_dimension_changed",
            f"The model {work.embedder.model.name} answers with {dimensions} dimensions; its vectors had {standing.dimensions} so far.",
            hint="It is another model now: name it differently in SYNCD_EMBEDDINGS_MODEL, or bring the former one back.",
        )
    return [
        NewVector(chunk_hash, number, vector) for (chunk_hash, number, _), vector in zip(passages, found, strict=True)
    ]


async def _write(
    work: Embedding, claim: Claim, chunks: Sequence[UnembeddedChunk], vectors: Sequence[NewVector]
) -> bool:
    """Store vectors under the claim; false when it is lost."""
    now = work.clock()
    async with in_project(work.pool, claim.tenant_id, claim.project_id) as connection:
        dimensions = len(vectors[0].vector)
        if not await keep_claim(
            connection, claim, now=now, until=now + CLAIM, dimensions=dimensions, embedded=len(chunks)
        ):
            return False
        await add_vectors(connection, claim.model, vectors)
    return True


async def _sweep(work: Embedding, connection: Connection, project_id: ProjectId) -> None:
    """Remove vectors of former models, now and then."""
    now = work.clock()
    last = work.swept_at.get(project_id)
    if last is not None and now - last < SWEEP_EVERY:
        return
    removed = await remove_former(connection, project_id, work.model, limit=REMOVED_AT_ONCE, before=now - FORMER_KEPT)
    if removed < REMOVED_AT_ONCE:
        work.swept_at[project_id] = now


def _make_missing_error() -> Stalled:
    return Stalled(
        "vectors_need_pgvector",
        "This database was migrated without pgvector 0.7 or newer, and cannot hold vectors.",
        hint="Search by words works as well as ever. For vectors: a server with pgvector, and a restored dump or a new sync.",
    )
