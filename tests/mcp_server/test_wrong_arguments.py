from typing import Any

import pytest

from mcp_server.arguments import make_input_schema
from mcp_server.registry import TOOLS
from tests.mcp_server.agents import call, post_modern, text_of
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("docs_read", {}, ["id is required", "docs_read takes: id (string)", "Call docs_read(id=…)"]),
        (
            "docs_read",
            {"id": "guide/docs/setup.md", "maxchars": 5},
            ["no argument 'maxchars'", "did you mean 'max_chars'?"],
        ),
        ("docs_read", {"id": "guide/docs/setup.md", "max_chars": 1}, ["max_chars", "200", "100000"]),
        ("docs_read", {"id": 7}, ["id: Input should be a valid string"]),
        ("docs_read", {"id": "x" * 5000}, ["id", "2048"]),
        ("docs_read", {"id": "a\x00b"}, ["NUL"]),
        ("docs_search", {"query": "port", "limit": 51}, ["limit", "less than or equal to 50"]),
        ("docs_search", {"query": ""}, ["must not be empty"]),
        ("docs_search", {"query": "ü" * 513}, ["at most 1024 bytes"]),
        ("docs_search", {"query": "port", "around": 1}, ["no argument 'around'"]),
        ("docs_search", {"query": "port", "project": "gide"}, ["no project 'gide'", "guide", "docs_projects()"]),
        ("docs_list", {"project": "guide", "cursor": "zzz"}, ["cursor does not belong"]),
        ("docs_chunks", {}, ["either ids or id"]),
        ("docs_chunks", {"id": "a", "ids": ["b"]}, ["either ids or id"]),
        ("docs_chunks", {"ids": []}, ["at least 1"]),
        ("search", {"query": "port", "limit": 3}, ["no argument 'limit'", "search takes: query (string)"]),
        ("fetch", {"id": ""}, ["There is no"]),
    ],
)
async def test_wrong_arguments_are_answered_by_what_is_allowed(
    world: World, tool: str, arguments: dict[str, Any], said: list[str]
) -> None:
    result = await call(world.mcp_url, world.acme.api_key, tool, **arguments)

    assert result.is_error
    for part in said:
        assert part in text_of(result)
    assert "pydantic" not in text_of(result)


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
@pytest.mark.parametrize(
    "junk", ["", "/", "#", "@v1", ":L1-2", "a/b", "../../etc/passwd", "%00", "💥" * 100, "\ud800", "'; drop table x;--"]
)
async def test_junk_is_answered_in_words(world: World, tool: str, junk: str) -> None:
    schema = make_input_schema(next(known for known in TOOLS if known.name == tool).arguments)
    strings = [
        name for name, prop in schema["properties"].items() if prop.get("type") == "string" and "enum" not in prop
    ]
    required = {name: prop["enum"][0] for name, prop in schema["properties"].items() if "enum" in prop}
    arguments = required | dict.fromkeys(strings, junk)
    key, _ = await world.acme.make_key(scopes=("docs:read", "docs:sync", "locks:write"))

    # Raw: the SDK's client cannot send half a surrogate pair, which JSON can.
    status, text = await post_modern(world.mcp_url, key, "tools/call", name=tool, arguments=arguments)

    assert status == 200
    assert "The server failed" not in text
