"""Scopes: a tool that needs one is not there for a key without it, and a call of it is challenged."""

import json
from dataclasses import replace

import pytest

from mcp_server import admission, dispatch
from mcp_server.registry import TOOLS
from tests.mcp_server.agents import open_agent, post, request
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_tool_is_listed_and_answered_for_its_scope_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = replace(TOOLS[0], name="docs_guarded", scope="docs:sync")
    monkeypatch.setattr(dispatch, "TOOLS", (*TOOLS, guarded))
    monkeypatch.setattr(admission, "_TOOLS", {**admission._TOOLS, "docs_guarded": guarded})
    key, _ = await world.acme.make_key(scopes=("docs:read", "docs:sync"))
    call = request("tools/call", name="docs_guarded", arguments={"query": "port"})

    async with open_agent(world.mcp_url, key) as client:
        assert "docs_guarded" in [tool.name for tool in (await client.list_tools()).tools]
    async with open_agent(world.mcp_url, world.acme.api_key) as client:
        assert "docs_guarded" not in [tool.name for tool in (await client.list_tools()).tools]
    allowed = await post(world.mcp_url, key, call)
    status, headers, text = await post(world.mcp_url, world.acme.api_key, call)

    assert allowed[0] == 200
    assert status == 403
    assert headers["www-authenticate"].startswith('Bearer error="insufficient_scope"')
    assert 'scope="docs:read docs:sync"' in headers["www-authenticate"]
    error = json.loads(text)["error"]
    assert (error["code"], error["data"]) == (admission.INSUFFICIENT_SCOPE, {"scope": "docs:read docs:sync"})
