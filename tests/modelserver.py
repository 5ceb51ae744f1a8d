"""A small server that speaks the protocols of models: OpenAI's embeddings and Cohere's rerank, over real sockets, with faults to order.

Its model knows words, and that some of them mean the same: a vector counts words by meaning.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from zlib import crc32

from aiohttp import web

DIMENSIONS = 64
SAME_MEANING = {"automobile": "car", "vehicle": "car", "physician": "doctor", "purchase": "buy"}
KEY = "key-b1946ac92492d2347c6235b4d2611184"

Fault = Callable[[web.Request, dict[str, object]], web.StreamResponse]


def find_meanings(text: str) -> list[str]:
    """Return the words of *text*, each by what it means."""
    return [SAME_MEANING.get(word, word) for word in re.findall(r"\w+", text.lower())]


def embed(text: str, *, dimensions: int = DIMENSIONS) -> list[float]:
    """Return the vector of *text*."""
    vector = [0.01] * dimensions
    for word in find_meanings(text):
        vector[crc32(word.encode()) % dimensions] += 1.0
    return vector


@dataclass
class ModelServer:
    """What was asked, and what is answered. *faults* are answered first, one request each; *gate* holds answers back while it is closed.

    *asked* is set by each request, *heard* when it is answered.
    """

    url: str = ""
    dimensions: int = DIMENSIONS
    requests: list[dict[str, object]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0
    longest_text: int | None = None

    @property
    def texts(self) -> list[str]:
        """Every text that was embedded, in the order that they were asked for."""
        return [str(text) for request in self.requests for text in _list(request.get("input"))]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request, once the gate is open."""
        body = await request.json()
        self.keys.append(request.headers.get("Authorization"))
        self.asked.set()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
            if self.faults:
                return self.faults.popleft()(request, body)
            if self.longest_text and any(len(str(text)) > self.longest_text for text in _list(body.get("input"))):
                return web.json_response({"error": {"message": f"too long, {KEY}"}}, status=400)
            self.requests.append(body)
            return web.json_response(self._embed(body) if request.path.endswith("embeddings") else rerank(body))
        finally:
            self.at_once -= 1
            self.heard.set()

    def _embed(self, body: dict[str, object]) -> dict[str, object]:
        vectors = [embed(str(text), dimensions=self.dimensions) for text in _list(body["input"])]
        data = [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(vectors)]
        # Entries name their text: their order says nothing.
        return {"object": "list", "model": body["model"], "data": data[::-1]}


def rerank(body: dict[str, object]) -> dict[str, object]:
    """Return how many words of the query each document holds, by meaning, the best first."""
    wanted = set(find_meanings(str(body["query"])))
    scores = [len(wanted & set(find_meanings(str(text)))) / len(wanted) for text in _list(body["documents"])]
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    return {"results": [{"index": index, "relevance_score": scores[index]} for index in order]}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def refuse(status: int, **headers: str) -> Fault:
    """Answer with *status*, and a message that quotes the key."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request, _: web.json_response(
        {"error": {"message": request.headers.get("Authorization", "")}}, status=status, headers=names
    )


def say(text: str) -> Fault:
    """Answer with a text as it is."""
    return lambda _request, _body: web.Response(text=text, content_type="application/json")


def say_embeddings(*entries: object) -> Fault:
    """Answer with these entries, whatever was asked."""
    return say(json.dumps({"data": list(entries)}))


def cut_off(request: web.Request, _body: dict[str, object]) -> web.StreamResponse:
    """Promise more than comes."""
    assert request.transport is not None
    request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
    request.transport.close()
    return web.Response()


@asynccontextmanager
async def open_model_server() -> AsyncIterator[ModelServer]:
    """Serve on a free port of the loopback, with the gate open."""
    server = ModelServer()
    server.gate.set()
    application = web.Application()
    application.router.add_post("/v1/embeddings", server.answer)
    application.router.add_post("/v1/rerank", server.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = _find_url(runner)
    try:
        yield server
    finally:
        server.gate.set()
        await runner.cleanup()


def _find_url(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}/v1"
