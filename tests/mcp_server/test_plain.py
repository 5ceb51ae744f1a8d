"""Plain calls are answered beside the SDK with the bytes that the SDK would have sent; whatever is not plain, the SDK answers."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.types import Receive, Scope, Send

from mcp_server.asgi import HttpApplication
from mcp_server.plain import PlainCall, read_plain_call
from tests.mcp_server.agents import MODERN, post
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
VERSIONS = (MODERN, *HANDSHAKE_PROTOCOL_VERSIONS)
# Answers with a time or a random id in them would differ by themselves.
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("docs_read", {"id": "guide/docs/setup.md"}),
    ("docs_read", {"id": "guide/docs/hidden.md"}),
    ("docs_read", {"id": "guide/docs/long.md", "max_chars": 300}),
    ("docs_read", {"id": "guide/docs/nothing \u00e9\u2028\U0001f600.md"}),
    ("docs_read", {"id": 7}),
    ("docs_read", {"id": "guide/docs/setup.md", "none": None}),
    ("docs_read", {}),
    ("docs_list", {"project": "guide"}),
    ("docs_search", {"query": "quokka port"}),
    ("docs_search", {"query": "quokka", "mode": "explain"}),
    ("search", {"query": "quokka"}),
    ("fetch", {"id": "guide/docs/setup.md"}),
    ("docs_outline", {"id": "guide/docs/setup.md"}),
    ("docs_chunks", {"ids": ["guide/docs/setup.md@v1:L1-3"]}),
    ("docs_sync", {"project": "guide"}),
)


class Switch:
    """The application, which answers plain calls beside the SDK unless a header of this test says not to; it counts those."""

    def __init__(self, application: HttpApplication) -> None:
        self.beside = application
        self.by_sdk = replace(application, plain_calls=None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        by_sdk = scope["type"] == "http" and (b"x-by-sdk", b"1") in scope["headers"]
        await (self.by_sdk if by_sdk else self.beside)(scope, receive, send)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def origin(world: World) -> AsyncIterator[str]:
    async with serving(world.database.read_url, Switch) as url:
        yield url


def make_headers(version: str, tool: str) -> dict[str, str]:
    routing = {"Mcp-Method": "tools/call", "Mcp-Name": tool} if version == MODERN else {}
    return {"MCP-Protocol-Version": version, **routing}


def make_message(
    version: str, tool: str, arguments: Mapping[str, object], *, request_id: object = 1, **further: object
) -> dict[str, Any]:
    meta = {"_meta": META} if version == MODERN else {}
    params = {"name": tool, "arguments": arguments, **meta, **further}
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


def make_scope(headers: Mapping[str, str], *more: tuple[bytes, bytes]) -> Scope:
    sent = {"host": "a", "content-type": "application/json", "accept": "application/json, text/event-stream", **headers}
    return {"headers": [*((name.lower().encode(), value.encode()) for name, value in sent.items()), *more]}


async def ask_twice(
    origin: str, api_key: str, body: object, headers: Mapping[str, str]
) -> list[tuple[int, dict[str, str], str]]:
    """Return what is answered beside the SDK, and by it, but for the date."""
    answers = []
    for more in ({}, {"X-By-Sdk": "1"}):
        status, got, text = await post(origin, api_key, body, headers={**headers, **more})
        answers.append((status, {name: value for name, value in got.items() if name != "date"}, text))
    return answers


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_plain_call_is_answered_with_the_bytes_of_the_sdk(world: World, origin: str, version: str) -> None:
    for number, (tool, arguments) in enumerate(CALLS):
        message = make_message(version, tool, arguments, request_id=(number, f"call-{number}")[number % 2])
        headers = make_headers(version, tool)
        assert read_plain_call(make_scope(headers), json.dumps(message, ensure_ascii=False).encode()) is not None
        beside, by_sdk = await ask_twice(origin, world.acme.api_key, message, headers)
        assert beside == by_sdk, (tool, arguments)
        assert beside[0] in {200, 403}


@pytest.mark.parametrize("version", [MODERN, "2025-06-18"])
async def test_a_refused_call_is_refused_with_the_bytes_of_the_sdk(world: World, version: str) -> None:
    async with serving(world.database.read_url, Switch, mcp_calls_per_minute=1, mcp_burst_calls=1) as origin:
        message = make_message(version, "docs_projects", {})
        await post(origin, world.acme.api_key, message, headers=make_headers(version, "docs_projects"))
        beside, by_sdk = await ask_twice(origin, world.acme.api_key, message, make_headers(version, "docs_projects"))
    told = [json.loads(text)["error"]["message"].split("Retry after")[0] for _, _, text in (beside, by_sdk)]
    assert told[0] == told[1]
    assert [answer[0] for answer in (beside, by_sdk)] == [429, 429]
    assert [sorted(answer[1]) for answer in (beside, by_sdk)] == [sorted(beside[1])] * 2


READ = make_message(MODERN, "docs_read", {"id": "guide/docs/setup.md"})
PARAMS: dict[str, Any] = READ["params"]
NOT_PLAIN: tuple[object, ...] = (
    b"",
    b"{",
    b"[]",
    b"[" * 100_000,
    b"\xff\xfe{",
    json.dumps(READ).encode("utf-16"),
    b"\xef\xbb\xbf" + json.dumps(READ).encode(),
    json.dumps(READ).replace("setup.md", "\\ud800").encode(),
    [READ],
    READ | {"jsonrpc": "1.0"},
    READ | {"id": None},
    READ | {"id": True},
    READ | {"id": 1.5},
    READ | {"id": 2**70},
    READ | {"id": "\u00e9"},
    READ | {"id": "x" * 1000},
    READ | {"more": 1},
    READ | {"method": "tools/list"},
    READ | {"method": "no/such"},
    READ | {"params": []},
    {name: value for name, value in READ.items() if name != "id"},
    READ | {"params": PARAMS | {"name": "no_such"}},
    READ | {"params": PARAMS | {"name": 7}},
    READ | {"params": PARAMS | {"arguments": []}},
    READ | {"params": PARAMS | {"arguments": None}},
    READ | {"params": PARAMS | {"arguments": {"id": {"a": 1}}}},
    READ | {"params": PARAMS | {"arguments": {"id": [[1]]}}},
    READ | {"params": PARAMS | {"task": {}}},
    READ | {"params": PARAMS | {"_meta": {}}},
    READ | {"params": PARAMS | {"_meta": META | {"progressToken": 1}}},
    READ | {"params": PARAMS | {"_meta": META | {"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"}}},
    READ | {"params": PARAMS | {"_meta": META | {"io.modelcontextprotocol/protocolVersion": "2025-06-18"}}},
    READ | {"params": PARAMS | {"_meta": META | {"io.modelcontextprotocol/clientCapabilities": {"elicitation": 1}}}},
    READ | {"params": PARAMS | {"_meta": META | {"io.modelcontextprotocol/clientInfo": {"name": 1}}}},
)


async def test_what_is_not_plain_is_left_to_the_sdk(world: World, origin: str) -> None:
    for version in (MODERN, "2025-06-18"):
        headers = make_headers(version, "docs_read")
        for body in NOT_PLAIN:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            assert read_plain_call(make_scope(headers), raw) is None, body
        body = json.dumps(make_message(version, "docs_read", {"id": "a"})).encode()
        assert isinstance(read_plain_call(make_scope(headers), body), PlainCall)
        for strange in (
            {"accept": "application/json"},
            {"content-type": "application/json; charset=utf-8"},
            {"mcp-param-id": "a"},
            {"MCP-Protocol-Version": "1999-01-01"},
        ):
            assert read_plain_call(make_scope(headers | strange), body) is None, strange
        assert read_plain_call(make_scope(headers, (b"accept", b"*/*")), body) is None
    for strange in ({"Mcp-Method": "tools/list"}, {"Mcp-Name": "docs_list"}):
        modern = make_headers(MODERN, "docs_read") | strange
        assert read_plain_call(make_scope(modern), json.dumps(READ).encode()) is None, strange
