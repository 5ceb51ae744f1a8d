"""What models add to the answers of agents: passages that mean what is asked; and what is answered when they cannot."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.models.endpoint import Endpoint, open_session
from syncd.adapters.models.remote import RemoteEmbedder
from syncd.core.meaning import EmbeddingModel
from syncd.core.projects import Project
from syncd.services.embedding import Embedding, embed_all
from tests.databases import Database
from tests.mcp_server.agents import call, open_agent, text_of
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import Party, make_party
from tests.mirror import Mirror, open_mirror
from tests.modelserver import KEY, ModelServer, open_model_server, refuse, say

MODEL = EmbeddingModel("words", "", 1000)
FILES: Mapping[str, str] = {
    "docs/cars.md": "# Garage\n\nWhere to park your car, and how to wash it.\n",
    "docs/doctors.md": "# Surgery\n\nThe doctor sees you on Mondays. Bring your card.\n",
    "docs/trees.md": "# Forest\n\nHow to climb trees, and where you may not.\n",
    "docs/rivers.md": "# Water\n\nHow to swim in rivers, and where you may not.\n",
}
RANKED = re.compile(r"^\d+\. guide/docs/(\w+)\.md", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Ground:
    """A tenant with docs, and the server of models."""

    database: Database
    party: Party
    guide: Project
    models: ModelServer

    async def embed(self, model: EmbeddingModel = MODEL) -> None:
        """Make the vectors that are missing."""
        async with open_session(connections=2) as session:
            endpoint = Endpoint(self.models.url, "SYNCD_EMBEDDINGS", KEY)
            embedder = RemoteEmbedder(session, endpoint, model, query_prefix="", batch=8, concurrency=2)
            mirror = self.party.mirror
            assert await embed_all(Embedding(mirror.pool, embedder, ["acme"], mirror.work.clock)) is False
        self.models.requests.clear()

    @asynccontextmanager
    async def serve(self, **settings: Any) -> AsyncIterator["Asker"]:  # noqa: ANN401 - pydantic validates
        """Serve MCP with models, patiently."""
        chosen = {
            "embeddings": "openai",
            "embeddings_url": self.models.url,
            "embeddings_model": MODEL.name,
            "embeddings_api_key": KEY,
            "embeddings_tenants": "acme",
            "embeddings_query_seconds": 5,
            **settings,
        }
        async with serving(self.database.read_url, **chosen) as origin:
            yield Asker(origin, self.party.api_key)


@dataclass(frozen=True, slots=True)
class Asker:
    """An agent."""

    origin: str
    api_key: str

    async def search(self, query: str, **arguments: object) -> str:
        """Return the answer of docs_search, as the model reads it."""
        return text_of(await call(self.origin, self.api_key, "docs_search", query=query, **arguments))


@pytest_asyncio.fixture
async def mirrored(database: Database, redis_server: RedisServer) -> AsyncIterator[Mirror]:
    async with open_mirror(database, redis_server) as opened:
        yield opened


@pytest_asyncio.fixture
async def ground(database: Database, mirrored: Mirror, tmp_path: Path) -> AsyncIterator[Ground]:
    party = await make_party(mirrored, tmp_path)
    guide = await party.add_project("guide", FILES, repository=None)
    async with open_model_server() as models:
        yield Ground(database, party, guide, models)


async def test_a_question_in_other_words_finds_what_it_means(ground: Ground) -> None:
    await ground.embed()
    async with ground.serve() as agent:
        meant = await agent.search("vehicle", mode="explain")
        both = await agent.search("physician on mondays", mode="explain")
        filtered = await agent.search("vehicle path:trees")
        phrase = await agent.search('vehicle "climb trees"')
    async with ground.serve(embeddings="none") as plain:
        words = await plain.search("vehicle")
    assert RANKED.findall(meant)[0] == "cars"
    assert re.search(r"= words 0.00 \+ document 0.00 \+ nearness 0.00 \+ meaning [\d.]+", meant)
    assert "In no chunk: vehicle" in meant
    assert RANKED.findall(both)[0] == "doctors"
    assert RANKED.findall(filtered) == RANKED.findall(phrase) == ["trees"]
    assert "Degraded" not in meant + both + filtered + phrase
    assert RANKED.findall(words) == []


async def test_a_query_is_sent_once_and_without_its_filters(ground: Ground) -> None:
    await ground.embed()
    async with ground.serve(embeddings_query_prefix="query: ") as agent:
        for _ in range(2):
            await agent.search("where to park path:docs lang:python")
    assert [text.split() for text in ground.models.texts] == [["query:", "where", "to", "park"]]


async def test_when_the_model_is_late_or_fails_the_words_answer_and_say_so(ground: Ground) -> None:
    await ground.embed()
    async with ground.serve(embeddings_query_seconds=0.05) as agent:
        ground.models.gate.clear()
        late = await agent.search("park a car")
        ground.models.gate.set()
    async with ground.serve() as agent:
        ground.models.faults.append(refuse(401))
        refused = await agent.search("park a car")
    assert RANKED.findall(late)[0] == RANKED.findall(refused)[0] == "cars"
    assert "Degraded: the embedding model did not answer within 0.05 s." in late
    assert "Degraded: the embedding model failed (model_refused)." in refused
    assert KEY not in late + refused
    assert ground.models.url not in late + refused


async def test_until_the_vectors_are_complete_words_rank_and_no_query_is_sent(ground: Ground) -> None:
    async with ground.serve() as agent:
        before = await agent.search("park a car")
        assert ground.models.texts == []
        await ground.embed()
        after = await agent.search("park a car")
    assert "Degraded: vectors of 1 of 1 projects are still being made: words alone rank those." in before
    assert "Degraded" not in after


async def test_what_is_new_ranks_by_its_words_among_what_has_vectors(ground: Ground) -> None:
    await ground.embed()
    await ground.party.publish(ground.guide, {"docs/new.md": "# Stable\n\nWhere to park your horse, horse, horse.\n"})
    async with ground.serve() as agent:
        meant = await agent.search("vehicle")
        words = await agent.search("park horse")
    assert RANKED.findall(meant)[0] == "cars"
    assert RANKED.findall(words)[0] == "new"
    assert "Degraded: vectors of the newest docs of 1 projects are still being made: words alone rank those." in words


async def test_vectors_of_one_model_are_not_compared_with_those_of_another(ground: Ground) -> None:
    await ground.embed()
    newer = EmbeddingModel("better", "", 1000)
    async with ground.serve(embeddings_model="better") as agent:
        early = await agent.search("vehicle")
        assert ground.models.texts == []
        ground.models.dimensions = 32
        await ground.embed(newer)
        later = await agent.search("vehicle")
    ground.models.dimensions = 64
    async with ground.serve() as former:
        old = await former.search("vehicle")
    assert "Degraded: vectors of 1 of 1 projects" in early
    assert RANKED.findall(later)[0] == RANKED.findall(old)[0] == "cars"
    assert "Degraded" not in later + old


async def test_a_query_of_another_dimension_than_the_vectors_is_answered_by_words(ground: Ground) -> None:
    await ground.embed()
    ground.models.dimensions = 32
    async with ground.serve() as agent:
        found = await agent.search("park a car")
    assert RANKED.findall(found)[0] == "cars"
    assert "Degraded: the embedding model answers with 32 dimensions, its vectors have 64." in found


async def test_text_of_tenants_that_are_not_named_is_sent_to_no_model(ground: Ground) -> None:
    await ground.embed()
    async with ground.serve(
        embeddings_tenants="globex", rerank_url=ground.models.url, rerank_model="judge", rerank_tenants=""
    ) as agent:
        found = await agent.search("park a car")
    assert ground.models.requests == []
    assert RANKED.findall(found)[0] == "cars"
    assert "Degraded" not in found


async def test_a_former_revision_is_searched_by_the_vectors_that_its_chunks_have(ground: Ground) -> None:
    await ground.embed()
    await ground.party.publish(ground.guide, {"docs/cars.md": "# Stable\n\nWhere your horse stands.\n"})
    await ground.embed()
    async with ground.serve() as agent:
        now = await agent.search("vehicle")
        then = await agent.search("vehicle", at="r1", project="guide")
    assert RANKED.findall(then)[0] == "cars"
    assert "Where to park" in then
    assert "Where to park" not in now


async def test_who_asks_for_progress_hears_when_a_model_begins_to_judge(ground: Ground) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    judging = {"rerank_url": ground.models.url, "rerank_model": "judge", "rerank_tenants": "acme", "rerank_passages": 3}
    query = {"query": "where may you see a physician"}
    async with ground.serve(embeddings="none", **judging) as agent, open_agent(agent.origin, agent.api_key) as client:
        await client.call_tool("docs_search", query, progress_callback=hear)
    assert heard == [(1, None, "3 passages are found; a model judges them")]


async def test_the_best_passages_are_reranked_and_without_the_reranker_stay_as_they_were(ground: Ground) -> None:
    settings = {
        "embeddings": "none",
        "rerank_url": ground.models.url,
        "rerank_model": "judge",
        "rerank_api_key": KEY,
        "rerank_tenants": "acme",
        "rerank_seconds": 5,
        "rerank_passages": 3,
    }
    query = "where may you see a physician"
    async with ground.serve(**settings) as agent:
        asked = await agent.search(query)
        scores = [{"index": index, "relevance_score": float(index)} for index in range(3)]
        ground.models.faults.append(say(json.dumps({"results": scores})))
        judged = await agent.search(query, mode="explain")
        ground.models.faults.append(refuse(503))
        failed = await agent.search(query)
    async with ground.serve(embeddings="none") as plain:
        words = await plain.search(query)
    (request,) = ground.models.requests
    assert request["query"] == query
    assert len(request["documents"]) == request["top_n"] == 3  # type: ignore[arg-type]
    assert str(request["documents"][2]).startswith("Surgery\n# Surgery")  # type: ignore[index]
    assert set(ground.models.keys) == {f"Bearer {KEY}"}
    assert " + relevance " in judged
    in_order = RANKED.findall(words)
    assert RANKED.findall(judged) == [*in_order[2::-1], *in_order[3:]]
    assert sorted(RANKED.findall(asked)) == sorted(in_order)
    assert "Degraded: the reranking model failed (model_unreachable)." in failed
    assert RANKED.findall(failed) == RANKED.findall(words)
