"""Several servers behind a proxy that hands each request to the next: one client notices nothing, whatever its era."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.mcp_server.agents import MODERN, open_agent, post, request, text_of
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")
REPLICAS = 3
# What a proxy does not hand on (RFC 9110 7.6.1), and what is made anew.
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "host", "content-length"})


@dataclass(slots=True)
class Proxy:
    """Hands each request to the next replica, and remembers which."""

    origins: Sequence[str]
    session: aiohttp.ClientSession
    url: str = ""
    served: list[int] = field(default_factory=list)
    turns: Iterator[int] = field(default_factory=lambda: cycle(range(REPLICAS)))

    async def hand_on(self, asked: web.Request) -> web.StreamResponse:
        turn = next(self.turns)
        self.served.append(turn)
        headers = {name: value for name, value in asked.headers.items() if name.lower() not in HOP_BY_HOP}
        url = f"{self.origins[turn]}{asked.path_qs}"
        async with self.session.request(asked.method, url, headers=headers, data=await asked.read()) as answer:
            said = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            handed = web.StreamResponse(status=answer.status, headers=said)
            await handed.prepare(asked)
            async for part in answer.content.iter_any():
                await handed.write(part)
            await handed.write_eof()
            return handed


@asynccontextmanager
async def open_proxy(origins: Sequence[str]) -> AsyncIterator[Proxy]:
    async with aiohttp.ClientSession() as session:
        proxy = Proxy(origins, session)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", proxy.hand_on)
        server = TestServer(app, host="127.0.0.1")
        await server.start_server()
        try:
            proxy.url = str(server.make_url("")).rstrip("/")
            yield proxy
        finally:
            await server.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def proxy(world: World) -> AsyncIterator[Proxy]:
    async with AsyncExitStack() as stack:
        origins = [await stack.enter_async_context(serving(world.database.read_url)) for _ in range(REPLICAS)]
        yield await stack.enter_async_context(open_proxy(origins))


@pytest.mark.parametrize("mode", ["legacy", "auto", MODERN])
async def test_one_client_is_served_by_all_replicas_in_every_era(world: World, proxy: Proxy, mode: str) -> None:
    proxy.served.clear()
    async with open_agent(proxy.url, world.acme.api_key, mode=mode) as client:
        answers = [text_of(await client.call_tool("docs_read", {"id": "guide/docs/setup.md"})) for _ in range(REPLICAS)]
        tools = {tuple(tool.name for tool in (await client.list_tools()).tools) for _ in range(REPLICAS)}

    assert set(proxy.served) == set(range(REPLICAS))
    # The same bytes from each: fences too are made of a key that all have.
    assert len(set(answers)) == 1
    assert len(tools) == 1


async def read_pages(origin: str, world: World) -> list[list[str]]:
    """Return the hits of some pages, each by the cursor of the one before."""
    pages: list[list[str]] = []
    arguments: dict[str, object] = {"query": "wombats", "limit": 5}
    async with open_agent(origin, world.acme.api_key) as client:
        for _ in range(REPLICAS + 1):
            text = text_of(await client.call_tool("docs_search", arguments))
            pages.append(re.findall(r"(?m)^\d+\. (\S+)", text))
            (cursor,) = re.findall(r'cursor="([^"]+)"', text)
            arguments["cursor"] = cursor
    return pages


async def test_a_cursor_of_one_replica_goes_on_at_the_next(world: World, proxy: Proxy) -> None:
    proxy.served.clear()
    pages = await read_pages(proxy.url, world)

    assert set(proxy.served) == set(range(REPLICAS))
    assert all(pages)
    assert pages == await read_pages(world.mcp_url, world)


async def test_progress_streams_through_the_proxy(world: World, proxy: Proxy) -> None:
    body = request("tools/call", name="docs_projects", arguments={}, _meta={"progressToken": 1})
    for _ in range(REPLICAS):
        status, headers, text = await post(proxy.url, world.acme.api_key, body)
        assert status == 200
        assert headers["content-type"].startswith("text/event-stream")
        assert "guide" in text


async def test_a_key_that_is_revoked_is_refused_by_every_replica_that_has_not_met_it(
    world: World, proxy: Proxy
) -> None:
    key, key_id = await world.acme.make_key()
    await world.acme.revoke_key(key_id)
    statuses = {(await post(proxy.url, key, request("tools/list")))[0] for _ in range(REPLICAS)}
    assert statuses == {401}
