"""An agent: the SDK's own client, and raw HTTP where the client would not do what a test wants done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

MODERN = "2026-07-28"
LEGACY = "2025-06-18"


@asynccontextmanager
async def open_agent(origin: str, api_key: str, *, mode: str = MODERN) -> AsyncIterator[Client]:
    """Connect the SDK's client over HTTP, in the era of *mode*."""
    headers = {"Authorization": f"Bearer {api_key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=10) as http,
        Client(streamable_http_client(f"{origin}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


async def call(origin: str, api_key: str, tool: str, /, **arguments: object) -> CallToolResult:
    """Call one tool as an agent of this key."""
    async with open_agent(origin, api_key) as client:
        return await client.call_tool(tool, arguments)


def text_of(result: CallToolResult) -> str:
    """Return the text that the model reads."""
    assert len(result.content) == 1
    assert result.content[0].type == "text"
    return result.content[0].text


async def post(
    origin: str, api_key: str | None, body: object, *, headers: dict[str, str] | None = None, path: str = "/mcp"
) -> tuple[int, dict[str, str], str]:
    """POST JSON (or raw bytes) as a handshake-era client would, and return status, headers and text."""
    sent = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": LEGACY,
        "Content-Type": "application/json",
    }
    if api_key is not None:
        sent["Authorization"] = f"Bearer {api_key}"
    sent |= headers or {}
    arguments: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{origin}{path}", headers=sent, **arguments) as answer,
    ):
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, await answer.text()


def request(method: str, **params: object) -> dict[str, Any]:
    """Return a JSON-RPC request."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def post_modern(origin: str, api_key: str, method: str, **params: object) -> tuple[int, str]:
    """POST one request of the era without sessions, and return status and text."""
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    if "name" in params:
        headers["Mcp-Name"] = str(params["name"])
    status, _, text = await post(origin, api_key, request(method, **params, _meta=meta), headers=headers)
    return status, text
