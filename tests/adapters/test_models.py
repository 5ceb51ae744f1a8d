"""Models behind HTTP: what is asked, which answers are believed, and what every failure is called."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Sequence

import aiohttp
import pytest
import pytest_asyncio

from syncd.adapters.models import asking
from syncd.adapters.models.asking import FAILURES_TO_REST, QueryEmbedder, QueryReranker, open_query_embedder
from syncd.adapters.models.endpoint import Endpoint, open_session
from syncd.adapters.models.remote import RemoteEmbedder, RemoteReranker
from syncd.core.meaning import EmbeddingModel, Unavailable
from syncd.errors import RateLimited, RetryLater, Stalled, SyncdError, Unreachable
from tests.modelserver import KEY, ModelServer, cut_off, embed, open_model_server, refuse, say, say_embeddings

MODEL = EmbeddingModel("words", "document: ", 1000)
DEADLINE_SECONDS = 5


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with open_model_server() as opened:
        yield opened


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session(connections=4) as opened:
        yield opened


def make_embedder(
    session: aiohttp.ClientSession, server: ModelServer, *, batch: int = 2, concurrency: int = 2, seconds: float = 5.0
) -> RemoteEmbedder:
    endpoint = Endpoint(server.url, "SYNCD_EMBEDDINGS", KEY)
    return RemoteEmbedder(
        session, endpoint, MODEL, query_prefix="query: ", batch=batch, concurrency=concurrency, seconds=seconds
    )


def make_reranker(session: aiohttp.ClientSession, server: ModelServer) -> RemoteReranker:
    return RemoteReranker(session, Endpoint(server.url, "SYNCD_RERANK", KEY), "judge", seconds=5.0)


def has_direction(vector: Sequence[float], text: str) -> bool:
    expected = embed(text)
    length = math.dist(expected, [0.0] * len(expected))
    return all(math.isclose(one, other / length, abs_tol=1e-9) for one, other in zip(vector, expected, strict=True))


async def test_each_text_gets_its_own_vector_of_length_one(session: aiohttp.ClientSession, server: ModelServer) -> None:
    texts = ["a car", "a doctor", "a tree", "a river", "a stone"]
    vectors = await make_embedder(session, server).embed(texts, kind="document")
    assert [has_direction(one, f"document: {text}") for one, text in zip(vectors, texts, strict=True)] == [True] * 5
    assert [len(request["input"]) for request in server.requests] == [2, 2, 1]  # type: ignore[arg-type]
    assert {json.dumps([request["model"], request["encoding_format"]]) for request in server.requests} == {
        '["words", "float"]'
    }
    assert set(server.keys) == {f"Bearer {KEY}"}


async def test_queries_have_a_prefix_of_their_own(session: aiohttp.ClientSession, server: ModelServer) -> None:
    await make_embedder(session, server).embed(["a car"], kind="query")
    assert server.texts == ["query: a car"]


async def test_no_more_requests_are_under_way_than_allowed(session: aiohttp.ClientSession, server: ModelServer) -> None:
    await make_embedder(session, server, batch=1, concurrency=3).embed(["word"] * 12, kind="document")
    assert server.most_at_once <= 3
    assert len(server.requests) == 12


async def test_what_is_refused_as_too_much_is_asked_in_halves_and_then_cut(
    session: aiohttp.ClientSession, server: ModelServer
) -> None:
    server.longest_text = 1_000
    long = "river " * 300
    vectors = await make_embedder(session, server, batch=3).embed(["a car", long, "a tree"], kind="document")
    assert has_direction(vectors[0], "document: a car")
    assert has_direction(vectors[1], f"document: {long}"[:905])
    assert has_direction(vectors[2], "document: a tree")


async def test_a_request_that_is_refused_whatever_it_holds_stalls(
    session: aiohttp.ClientSession, server: ModelServer
) -> None:
    server.longest_text = 1
    with pytest.raises(Stalled, match="status 400"):
        await make_embedder(session, server).embed(["a car" * 100, "a tree"], kind="document")


@pytest.mark.parametrize(
    ("status", "family", "code"),
    [
        (429, RateLimited, "model_rate_limited"),
        (500, Unreachable, "model_unreachable"),
        (503, Unreachable, "model_unreachable"),
        (408, Unreachable, "model_unreachable"),
        (401, Stalled, "model_refused"),
        (404, Stalled, "model_refused"),
        (302, Stalled, "model_refused"),
    ],
)
async def test_a_refusal_is_told_without_its_words(
    session: aiohttp.ClientSession, server: ModelServer, status: int, family: type[SyncdError], code: str
) -> None:
    headers = {"Location": "http://127.0.0.1:9/v1/embeddings"} if status == 302 else {}
    server.faults.append(refuse(status, **headers))
    with pytest.raises(family) as caught:
        await make_embedder(session, server).embed(["a car"], kind="document")
    assert caught.value.code == code
    assert KEY not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r}"
    assert len(server.keys) == 1


A_MINUTE_AFTER_THE_EPOCH = "Thu, 01 Jan 1970 00:01:00 GMT"


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7), ("999999", 3600), ("soon", 10), (A_MINUTE_AFTER_THE_EPOCH, 60)]
)
async def test_the_endpoint_says_when_to_come_back(
    session: aiohttp.ClientSession, server: ModelServer, said: str, seconds: float
) -> None:
    server.faults.append(refuse(429, Retry_After=said, Date="Thu, 01 Jan 1970 00:00:00 GMT"))
    with pytest.raises(RetryLater) as caught:
        await make_embedder(session, server).embed(["a car"], kind="document")
    assert caught.value.after_seconds == seconds


VECTOR = [1.0, 2.0]
ONE = {"index": 0, "embedding": VECTOR}


@pytest.mark.parametrize(
    "fault",
    [
        say("no json"),
        say("[]"),
        say('{"data": null}'),
        say("[" * 200_000),
        say_embeddings(ONE),
        say_embeddings(ONE, ONE),
        say_embeddings(ONE, {"index": 2, "embedding": VECTOR}),
        say_embeddings(ONE, {"index": True, "embedding": VECTOR}),
        say_embeddings(ONE, {"index": 1}),
        say_embeddings(ONE, "vector"),
        say_embeddings(ONE, {"index": 1, "embedding": "AACAPwAAAEA="}),
        say_embeddings(ONE, {"index": 1, "embedding": []}),
        say_embeddings(ONE, {"index": 1, "embedding": [1.0, None]}),
        say_embeddings(ONE, {"index": 1, "embedding": [0, 0]}),
        say_embeddings(ONE, {"index": 1, "embedding": [1.0, math.nan]}),
        say_embeddings(ONE, {"index": 1, "embedding": [1.0, math.inf]}),
        say_embeddings(ONE, {"index": 1, "embedding": [10**400, 1]}),
        say_embeddings(ONE, {"index": 1, "embedding": [1.0, 2.0, 3.0]}),
        say_embeddings(ONE, {"index": 1, "embedding": [1.0] * 4_001}),
        say(" " * 400_000),
    ],
)
async def test_an_answer_that_cannot_be_right_is_not_believed(
    session: aiohttp.ClientSession, server: ModelServer, fault: Callable[..., aiohttp.web.StreamResponse]
) -> None:
    server.faults.append(fault)
    with pytest.raises(Stalled) as caught:
        await make_embedder(session, server).embed(["a car", "a tree"], kind="document")
    assert caught.value.code == "model_answer_invalid"


async def test_an_answer_that_is_cut_off_or_late_or_absent_is_asked_for_again_later(
    session: aiohttp.ClientSession, server: ModelServer, closed_port: int
) -> None:
    server.faults.append(cut_off)
    with pytest.raises(Unreachable):
        await make_embedder(session, server).embed(["a car"], kind="document")
    server.gate.clear()
    with pytest.raises(Unreachable, match=r"within 0.05 s"):
        await make_embedder(session, server, seconds=0.05).embed(["a car"], kind="document")
    server.url = f"http://127.0.0.1:{closed_port}/v1"
    with pytest.raises(Unreachable, match="cannot be reached"):
        await make_embedder(session, server).embed(["a car"], kind="document")


async def test_passages_get_their_relevance_in_the_order_they_were_given(
    session: aiohttp.ClientSession, server: ModelServer
) -> None:
    relevances = await make_reranker(session, server).rerank("buy a car", ["a tree", "purchase a vehicle", "a car"])
    assert relevances == [pytest.approx(1 / 3), 1.0, pytest.approx(2 / 3)]
    assert server.requests == [
        {"model": "judge", "query": "buy a car", "documents": ["a tree", "purchase a vehicle", "a car"], "top_n": 3}
    ]


@pytest.mark.parametrize(
    "results",
    [
        None,
        [],
        [{"index": 0, "relevance_score": 1.0}],
        [{"index": 0, "relevance_score": 1.0}] * 2,
        [{"index": 0, "relevance_score": 1.0}, {"index": 1, "relevance_score": "high"}],
        [{"index": 0, "relevance_score": 1.0}, {"index": 1, "relevance_score": math.nan}],
        [{"index": 0, "relevance_score": 1.0}, {"index": 1}],
    ],
)
async def test_a_reranking_that_cannot_be_right_is_not_believed(
    session: aiohttp.ClientSession, server: ModelServer, results: object
) -> None:
    server.faults.append(say(json.dumps({"results": results})))
    with pytest.raises(Stalled) as caught:
        await make_reranker(session, server).rerank("car", ["a", "b"])
    assert caught.value.code == "model_answer_invalid"


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def queries(session: aiohttp.ClientSession, server: ModelServer, clock: Clock) -> AsyncIterator[QueryEmbedder]:
    async with open_query_embedder(make_embedder(session, server), seconds=0.05, monotonic=clock) as opened:
        yield opened


async def embed_known(queries: QueryEmbedder, text: str) -> None:
    """Ask until the vector is there: the deadline is short, and the machine may be busy."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while isinstance(await queries.embed(text), Unavailable):
            pass


async def test_a_query_is_embedded_once_for_a_while(queries: QueryEmbedder, server: ModelServer, clock: Clock) -> None:
    await embed_known(queries, "a car")
    first = len(server.requests)
    await embed_known(queries, "a car")
    assert len(server.requests) == first
    clock.now += asking.CACHE_SECONDS + 1
    await embed_known(queries, "a car")
    assert len(server.requests) == first + 1


async def test_an_answer_that_comes_too_late_is_kept_for_the_next_who_asks(
    queries: QueryEmbedder, server: ModelServer
) -> None:
    server.gate.clear()
    late = await queries.embed("a car")
    assert late == Unavailable("the embedding model did not answer within 0.05 s")
    server.gate.set()
    await embed_known(queries, "a car")
    assert len(server.requests) == 1


async def test_a_model_that_fails_is_left_alone_for_a_while(
    queries: QueryEmbedder, server: ModelServer, clock: Clock
) -> None:
    server.faults.extend([refuse(500)] * 1_000)
    async with asyncio.timeout(DEADLINE_SECONDS):
        while await queries.embed(f"query {len(server.keys)}") != Unavailable("the embedding model does not answer"):
            pass
    asked = len(server.keys)
    assert asked >= FAILURES_TO_REST
    assert isinstance(await queries.embed("another query"), Unavailable)
    assert len(server.keys) == asked
    server.faults.clear()
    clock.now += asking.REST_SECONDS + 1
    await embed_known(queries, "a car")


async def test_a_reranker_that_is_late_or_fails_is_told_of_and_then_left_alone(
    session: aiohttp.ClientSession, server: ModelServer, clock: Clock
) -> None:
    patient = QueryReranker(make_reranker(session, server), seconds=5.0, monotonic=clock)
    server.faults.extend([refuse(500)] * FAILURES_TO_REST)
    for _ in range(FAILURES_TO_REST):
        answer = await patient.rerank("car", ["a"])
        assert answer == Unavailable("the reranking model failed (model_unreachable)")
    assert await patient.rerank("car", ["a"]) == Unavailable("the reranking model does not answer")
    clock.now += asking.REST_SECONDS + 1
    assert await patient.rerank("car", ["a car"]) == [1.0]
    server.gate.clear()
    hasty = QueryReranker(make_reranker(session, server), seconds=0.05, monotonic=clock)
    assert await hasty.rerank("car", ["a"]) == Unavailable("the reranking model did not answer within 0.05 s")
