import asyncio
import json
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent

from mcp_server import limits
from mcp_server.asgi import MAX_REQUEST_BYTES
from mcp_server.identity import READ_SCOPE
from mcp_server.registry import INSTRUCTIONS, TOOLS
from syncd.core.keys import make_key
from tests.mcp_server.agents import LEGACY, MODERN, open_agent, post, request, text_of
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")
LIST_TOOLS = request("tools/list")


@pytest.mark.parametrize("mode", ["legacy", "auto", MODERN])
async def test_the_sdks_client_reads_in_every_era(world: World, mode: str) -> None:
    async with open_agent(world.mcp_url, world.acme.api_key, mode=mode) as client:
        tools = await client.list_tools()
        answer = await client.call_tool("docs_read", {"id": "guide/docs/setup.md"})
        wrong = await client.call_tool("docs_read", {"id": "guide/docs/absent.md"})
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("docs_raed", {})
        # A client that adopts a version without asking is told no instructions.
        assert client.instructions == (None if mode == MODERN else INSTRUCTIONS)
        assert (client.protocol_version >= MODERN) == (mode != "legacy")

    assert [tool.name for tool in tools.tools] == [tool.name for tool in TOOLS if tool.scope == READ_SCOPE]
    assert "pip install quokka" in text_of(answer)
    assert wrong.is_error


async def test_the_list_of_tools_is_small_plain_and_the_same_for_everybody(world: World) -> None:
    every_scope, _ = await world.acme.make_key(scopes=("docs:read", "docs:sync", "locks:write", "admin"))
    keys = (world.acme.api_key, world.globex.api_key, every_scope)
    lists = [(await post(world.mcp_url, key, LIST_TOOLS))[2] for key in keys]

    assert lists[0] == lists[1]
    assert len(lists[2]) / 4 < 3000
    assert [tool["name"] for tool in json.loads(lists[2])["result"]["tools"]] == [tool.name for tool in TOOLS]
    for tool in json.loads(lists[0])["result"]["tools"]:
        schema = tool["inputSchema"]
        hints = tool["annotations"]
        assert schema["additionalProperties"] is False
        assert set(hints) == {"title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
        assert (hints["readOnlyHint"], hints["destructiveHint"]) == (tool["name"] != "docs_session", False)
        for text in ("$ref", "anyOf", "null", '"title"'):
            assert text not in json.dumps(schema)
    assert len(INSTRUCTIONS) < 2048


@pytest.mark.parametrize("key", [None, "nonsense", "syncd_test_aaaaaaaaaaaa_bbb_ccc"])
async def test_without_a_valid_key_nothing_is_served(world: World, key: str | None) -> None:
    status, headers, text = await post(world.mcp_url, key, LIST_TOOLS)

    assert status == 401
    assert headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert "docs_" not in text


async def test_a_well_formed_key_that_nobody_has_is_refused(world: World) -> None:
    forged = make_key("test", world.acme.key_id, b"x" * 32)

    assert (await post(world.mcp_url, forged, LIST_TOOLS))[0] == 401


async def test_an_expired_and_a_revoked_key_are_refused(world: World) -> None:
    expired, _ = await world.acme.make_key(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    revoked, key_id = await world.acme.make_key()
    await world.acme.revoke_key(key_id)

    assert (await post(world.mcp_url, expired, LIST_TOOLS))[0] == 401
    assert (await post(world.mcp_url, revoked, LIST_TOOLS))[0] == 401


async def test_a_key_without_the_reading_scope_is_told_which_it_lacks(world: World) -> None:
    key, _ = await world.acme.make_key(scopes=("docs:sync",))

    status, headers, _ = await post(world.mcp_url, key, LIST_TOOLS)

    assert status == 403
    assert 'scope="docs:read"' in headers["www-authenticate"]


async def test_host_and_origin_are_checked_always(world: World) -> None:
    key = world.acme.api_key

    assert (await post(world.mcp_url, key, LIST_TOOLS, headers={"Host": "evil.example"}))[0] == 421
    assert (await post(world.mcp_url, key, LIST_TOOLS, headers={"Origin": "https://evil.example"}))[0] == 403
    assert (await post(world.mcp_url, key, LIST_TOOLS, headers={"Origin": "http://localhost:3000"}))[0] == 200
    async with serving(world.database.read_url, mcp_allowed_hosts=("docs.example",)) as origin:
        assert (await post(origin, key, LIST_TOOLS, headers={"Host": "docs.example"}))[0] == 200
        assert (await post(origin, key, LIST_TOOLS, headers={"Host": "docs.example.evil"}))[0] == 421


async def test_json_is_answered_unless_the_client_asks_for_progress(world: World) -> None:
    plain = request("tools/call", name="docs_projects", arguments={})
    streamed = request("tools/call", name="docs_projects", arguments={}, _meta={"progressToken": 1})

    _, plain_headers, plain_text = await post(world.mcp_url, world.acme.api_key, plain)
    _, headers, text = await post(world.mcp_url, world.acme.api_key, streamed)

    assert plain_headers["content-type"].startswith("application/json")
    assert headers["content-type"].startswith("text/event-stream")
    line = next(line for line in text.splitlines() if line.startswith("data: {"))
    assert json.loads(line.removeprefix("data: "))["result"] == json.loads(plain_text)["result"]


async def test_there_is_no_session_to_listen_to_or_to_end(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.acme.api_key}", "Accept": "text/event-stream"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for method in ("GET", "DELETE"):
            async with session.request(method, f"{world.mcp_url}/mcp") as answer:
                assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def test_subscriptions_are_offered_where_a_stream_can_carry_them(world: World) -> None:
    async with open_agent(world.mcp_url, world.acme.api_key, mode="auto") as modern:
        assert modern.server_capabilities.resources is not None
        assert modern.server_capabilities.resources.subscribe
    async with open_agent(world.mcp_url, world.acme.api_key, mode="legacy") as earlier:
        # The earlier ones push outside of any request, and there is no session to push to.
        assert earlier.server_capabilities.resources is not None
        assert not earlier.server_capabilities.resources.subscribe


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"jsonrpc":"2.0"}', b"[" * 5000, b'{"jsonrpc":"2.0","id":1,"method":7}']
)
@pytest.mark.parametrize("version", [LEGACY, MODERN, "1999-01-01"])
async def test_malformed_requests_are_the_callers_fault(world: World, body: bytes, version: str) -> None:
    status, _, text = await post(world.mcp_url, world.acme.api_key, body, headers={"MCP-Protocol-Version": version})

    assert 400 <= status < 500
    assert "Traceback" not in text


async def test_a_body_above_the_limit_is_refused_and_one_at_it_is_read(world: World) -> None:
    call = json.dumps(request("tools/list")).encode()

    assert (await post(world.mcp_url, world.acme.api_key, call.ljust(MAX_REQUEST_BYTES)))[0] == 200
    assert (await post(world.mcp_url, world.acme.api_key, call.ljust(MAX_REQUEST_BYTES + 1)))[0] == 413


async def test_health_is_open_and_says_what_is_wrong(world: World) -> None:
    async with aiohttp.ClientSession() as session:
        for path, status, said in (("/livez", 200, "alive"), ("/readyz", 200, "ready"), ("/other", 404, "/mcp")):
            async with session.get(f"{world.mcp_url}{path}") as answer:
                assert answer.status == status
                assert said in await answer.text()


async def test_forty_calls_of_two_tenants_at_once_each_see_their_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who waits too long for a place is refused (tests/mcp_server/test_limits.py); here a busy machine must not be the reason.
    monkeypatch.setattr(limits, "WAIT_SECONDS", 60)
    body = request("tools/call", name="docs_read", arguments={"id": "guide/docs/setup.md"})
    keys = [world.acme.api_key, world.globex.api_key] * 20

    answers = await asyncio.gather(*(post(world.mcp_url, key, body) for key in keys))

    for key, (status, _, text) in zip(keys, answers, strict=True):
        assert status == 200
        assert ("zanzibar" in text) == (key == world.globex.api_key)


async def test_a_text_answer_is_one_item_of_text_and_no_structure(world: World) -> None:
    async with open_agent(world.mcp_url, world.acme.api_key) as client:
        result = await client.call_tool("docs_search", {"query": "port"})

    assert result.structured_content is None
    assert [type(item) for item in result.content] == [TextContent]
