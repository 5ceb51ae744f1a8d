"""Vectors are made in the background: each text once, whoever dies; and what hinders that is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.models.endpoint import Endpoint, open_session
from syncd.adapters.models.remote import RemoteEmbedder
from syncd.adapters.postgres.publishing import collect_orphans
from syncd.adapters.postgres.status import EmbeddingState, list_embeddings
from syncd.adapters.postgres.transactions import fenced, reading
from syncd.core.meaning import EmbeddingModel
from syncd.core.projects import Project
from syncd.errors import RateLimited, Stalled
from syncd.services.embedding import CLAIM, FORMER_KEPT, SWEEP_EVERY, Embedding, embed_all, run_embedding
from syncd.services.locking import holding
from tests.databases import Database
from tests.loop import fetch
from tests.mirror import Mirror, open_mirror
from tests.modelserver import ModelServer, open_model_server, refuse
from tests.plain_database import database_without_vectors
from tests.services.folder_projects import add_folder, sync_folder, write

MODEL = EmbeddingModel("words", "", 400)
DEADLINE_SECONDS = 5


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with open_model_server() as opened:
        yield opened


@asynccontextmanager
async def open_embedding(
    mirror: Mirror, server: ModelServer, *, model: EmbeddingModel = MODEL, clock: Callable[[], datetime] | None = None
) -> AsyncIterator[Embedding]:
    """Open what a daemon embeds with, by a pool of its own."""
    async with open_session(connections=2) as session:
        endpoint = Endpoint(server.url, "SYNCD_EMBEDDINGS")
        embedder = RemoteEmbedder(session, endpoint, model, query_prefix="", batch=8, concurrency=2)
        yield Embedding(mirror.pool, embedder, ["acme"], clock or mirror.work.clock)


@pytest_asyncio.fixture
async def embedding(mirror: Mirror, server: ModelServer) -> AsyncIterator[Embedding]:
    async with open_embedding(mirror, server) as opened:
        yield opened


def make_text(name: str, sections: int = 5) -> bytes:
    parts = [f"# About {name}\n"]
    parts += [f"## Part {number} of {name}\n\n" + f"A sentence on {name} {number}. " * 30 for number in range(sections)]
    return "\n".join(parts).encode()


@pytest_asyncio.fixture
async def project(mirror: Mirror, tmp_path: Path) -> Project:
    write(tmp_path, {f"{name}.md": make_text(name) for name in ("rivers", "trees")})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    return project


async def read_state(mirror: Mirror) -> EmbeddingState:
    async with reading(mirror.web_pool, mirror.tenant_id) as connection:
        (state,) = await list_embeddings(connection, project_ids=None)
    return state


async def count_vectors(database: Database, model: EmbeddingModel = MODEL) -> int:
    rows = await fetch(database.migrator_url, "select count(*) from syncd.chunk_vectors where model = $1", model.key)
    return int(rows[0][0])


async def test_every_chunk_gets_its_vectors_and_an_edit_only_those_of_its_chunks(
    mirror: Mirror, database: Database, project: Project, embedding: Embedding, server: ModelServer, tmp_path: Path
) -> None:
    assert await embed_all(embedding) is False
    state = await read_state(mirror)
    assert (state.model, state.was_complete, state.reason) == (MODEL.key, True, None)
    assert state.chunks == state.embedded == (await mirror.get_project(project.project_id)).chunks
    assert len(server.texts) == len(set(server.texts)) == await count_vectors(database) > state.chunks
    assert all(len(text) <= 400 + 100 for text in server.texts)

    server.requests.clear()
    write(tmp_path, {"rivers.md": make_text("rivers").replace(b"rivers 3. ", b"rivers 3, the longest. ", 1)})
    await sync_folder(mirror, project)
    assert await embed_all(embedding) is False
    assert 0 < len(server.texts) <= 6
    assert any("the longest" in text for text in server.texts)
    state = await read_state(mirror)
    assert state.chunks == state.embedded

    server.requests.clear()
    assert await embed_all(embedding) is False
    assert server.texts == []


async def test_two_daemons_embed_no_text_twice(
    mirror: Mirror, database: Database, project: Project, server: ModelServer
) -> None:
    async with open_embedding(mirror, server) as one, open_embedding(mirror, server) as other:
        async with asyncio.timeout(DEADLINE_SECONDS):
            await asyncio.gather(*(embed_all(daemon) for daemon in (one, other, one, other)))
    assert len(server.texts) == len(set(server.texts)) == await count_vectors(database)
    assert (await read_state(mirror)).was_complete


async def test_a_daemon_that_stops_halfway_leaves_the_rest_to_the_next(
    mirror: Mirror, database: Database, project: Project, server: ModelServer
) -> None:
    async with open_embedding(mirror, server) as embedding:
        assert await embed_all(replace(embedding, slice_seconds=0.0, texts_at_once=6)) is True
        written = await count_vectors(database)
        assert written > 0
        state = await read_state(mirror)
        assert (state.embedded, state.was_complete) == (3, False)
        server.gate.clear()
        server.asked.clear()
        task = asyncio.create_task(embed_all(embedding))
        async with asyncio.timeout(DEADLINE_SECONDS):
            await server.asked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with open_model_server() as other, open_embedding(mirror, other) as embedding:
        assert await embed_all(embedding) is False
        assert len(other.texts) == await count_vectors(database) - written
    assert (await read_state(mirror)).was_complete


async def test_the_claim_of_a_daemon_that_died_runs_out_and_what_it_writes_later_is_dropped(
    mirror: Mirror, database: Database, project: Project, server: ModelServer
) -> None:
    clock = Clock()
    async with (
        open_embedding(mirror, server, clock=clock) as paused,
        open_embedding(mirror, server, clock=clock) as next_one,
    ):
        server.gate.clear()
        task = asyncio.create_task(embed_all(paused))
        async with asyncio.timeout(DEADLINE_SECONDS):
            await server.asked.wait()
        assert await embed_all(next_one) is False
        assert (await read_state(mirror)).embedded == 0
        clock.now += CLAIM
        async with open_model_server() as other, open_embedding(mirror, other, clock=clock) as taker:
            assert await embed_all(taker) is False
        complete = await read_state(mirror)
        written = await count_vectors(database)
        server.gate.set()
        async with asyncio.timeout(DEADLINE_SECONDS):
            await task
    assert complete.was_complete
    assert await count_vectors(database) == written
    assert (await read_state(mirror)).embedded == complete.embedded


async def test_what_hinders_the_work_is_told_until_it_goes_on(
    mirror: Mirror, project: Project, embedding: Embedding, server: ModelServer
) -> None:
    server.faults.append(refuse(429, Retry_After="7"))
    with pytest.raises(RateLimited):
        await embed_all(embedding)
    state = await read_state(mirror)
    assert (state.reason, state.embedded) == ("model_rate_limited", 0)
    assert "faster than it allows" in (state.message or "")
    await embed_all(embedding)
    state = await read_state(mirror)
    assert (state.reason, state.message, state.was_complete) == (None, None, True)


async def test_vectors_of_another_dimension_are_refused_for_the_same_model(
    mirror: Mirror, database: Database, project: Project, embedding: Embedding, server: ModelServer, tmp_path: Path
) -> None:
    await embed_all(embedding)
    before = await count_vectors(database)
    server.dimensions = 32
    write(tmp_path, {"stones.md": make_text("stones")})
    await sync_folder(mirror, project)
    with pytest.raises(Stalled, match="32 dimensions"):
        await embed_all(embedding)
    assert await count_vectors(database) == before
    assert (await read_state(mirror)).reason == "model_dimension_changed"


async def test_another_model_is_made_beside_the_former_which_goes_a_day_later(
    mirror: Mirror, database: Database, project: Project, server: ModelServer
) -> None:
    clock, newer = Clock(), replace(MODEL, name="better words")
    async with open_embedding(mirror, server, clock=clock) as former:
        await embed_all(former)
    vectors = await count_vectors(database)
    async with open_embedding(mirror, server, model=newer, clock=clock) as embedding:
        clock.now += timedelta(seconds=1)
        await embed_all(embedding)
        await embed_all(embedding)
        assert await count_vectors(database) == await count_vectors(database, newer) == vectors
        assert (await read_state(mirror)).model == newer.key
        clock.now += FORMER_KEPT + SWEEP_EVERY
        await embed_all(embedding)
    assert await count_vectors(database) == 0
    assert await count_vectors(database, newer) == vectors
    assert len(await fetch(database.migrator_url, "select 1 from syncd.project_embeddings")) == 1


async def test_text_of_tenants_that_are_not_named_is_sent_nowhere(
    mirror: Mirror, project: Project, embedding: Embedding, server: ModelServer
) -> None:
    for tenants in ((), ("acm", "acme2", "")):
        await embed_all(replace(embedding, tenants=tenants))
        assert server.texts == []
    await embed_all(replace(embedding, tenants=("*",)))
    assert server.texts


async def test_vectors_go_with_their_chunks(
    mirror: Mirror, database: Database, project: Project, embedding: Embedding, tmp_path: Path
) -> None:
    await embed_all(embedding)
    before = await count_vectors(database)
    (tmp_path / "rivers.md").unlink()
    await sync_folder(mirror, project)
    async with (
        holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test") as lock,
        fenced(mirror.pool, lock) as connection,
    ):
        await connection.execute("delete from document_versions where revision_to is not null")
        await collect_orphans(connection, mirror.work.clock() + timedelta(seconds=1))
    assert 0 < await count_vectors(database) < before
    await embed_all(embedding)
    state = await read_state(mirror)
    assert state.chunks == state.embedded == (await mirror.get_project(project.project_id)).chunks


async def test_the_loop_works_when_it_is_told_of_a_change_and_rests_when_the_model_fails(
    mirror: Mirror, project: Project, embedding: Embedding, server: ModelServer, tmp_path: Path
) -> None:
    wake = asyncio.Event()
    task = asyncio.create_task(run_embedding(embedding, wake=wake))
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not await is_complete(mirror):
                await server.asked.wait()
            write(tmp_path, {"stones.md": make_text("stones")})
            await sync_folder(mirror, project)
            wake.set()
            while not any("stones" in text for text in server.texts):
                await is_complete(mirror)
            server.faults.extend([refuse(503, Retry_After="3600")] * 10)
            write(tmp_path, {"sand.md": make_text("sand")})
            await sync_folder(mirror, project)
            wake.set()
            while (await read_state(mirror)).reason != "model_unreachable":
                wake.set()
        assert len(server.faults) >= 8
        assert not any("sand" in text for text in server.texts)
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def is_complete(mirror: Mirror) -> bool:
    async with reading(mirror.web_pool, mirror.tenant_id) as connection:
        return any(state.was_complete for state in await list_embeddings(connection, project_ids=None))


async def test_without_pgvector_it_is_said_what_vectors_need(
    postgres: PostgresServer, redis_server: RedisServer, server: ModelServer, tmp_path: Path
) -> None:
    async with (
        database_without_vectors(postgres) as plain,
        open_mirror(plain, redis_server) as mirror,
        open_embedding(mirror, server) as embedding,
    ):
        write(tmp_path, {"trees.md": make_text("trees")})
        await sync_folder(mirror, await add_folder(mirror, tmp_path))
        with pytest.raises(Stalled, match=r"without pgvector"):
            await embed_all(embedding)
        assert (await read_state(mirror)).reason == "vectors_need_pgvector"
    assert server.texts == []
