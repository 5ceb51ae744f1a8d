"""What each client shows its model of every tool's answer, by how it is known to read results: nothing is told to one and kept from another.

Claude Code, Codex, opencode and VS Code show structured content where there is any, and then nothing else; Amazon Q and stdio scripts show
the text; Copilot shows both. Of an error each shows the text alone. Claude Code cuts descriptions, instructions and long answers.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from mcp_types import CallToolResult

from mcp_server.registry import INSTRUCTIONS, TOOLS
from tests.mcp_server.agents import MODERN, open_agent, text_of
from tests.mcp_server.test_inspector import CALLS
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


def show_structure_first(result: CallToolResult) -> Any:  # noqa: ANN401 - text, or what is in it
    """Return what a client shows that prefers structured content; of an error, the text."""
    if result.structured_content is None or result.is_error:
        return _read(text_of(result))
    return result.structured_content


def show_text(result: CallToolResult) -> Any:  # noqa: ANN401
    """Return what a client shows that knows only text."""
    return _read(text_of(result))


def _read(text: str) -> Any:  # noqa: ANN401
    return json.loads(text) if text.startswith("{") else text


CLIENTS: Mapping[str, Callable[[CallToolResult], Any]] = {
    "claude-code": show_structure_first,
    "codex": show_structure_first,
    "opencode": show_structure_first,
    "vscode": show_structure_first,
    "amazon-q": show_text,
}
# Claude Code: longer descriptions and instructions are cut, a longer answer goes to a file, a longer error is cut.
DESCRIPTION_CHARACTERS = 2_048
ANSWER_CHARACTERS = 50_000
ERROR_CHARACTERS = 11_000


@pytest.mark.parametrize("mode", ["legacy", MODERN])
async def test_every_client_shows_its_model_the_same(world: World, mode: str) -> None:
    key, _ = await world.acme.make_key(scopes=("docs:read", "docs:sync", "locks:write"))
    async with open_agent(world.mcp_url, key, mode=mode) as client:
        for name, arguments in CALLS.items():
            result = await client.call_tool(name, arguments)
            assert not result.is_error, (name, text_of(result))
            shown = {reader: show(result) for reader, show in CLIENTS.items()}
            assert all(seen == shown["amazon-q"] for seen in shown.values()), name
            assert len(text_of(result)) <= ANSWER_CHARACTERS


async def test_every_client_shows_what_was_wrong_and_what_to_do(world: World) -> None:
    async with open_agent(world.mcp_url, world.acme.api_key) as client:
        for name in CALLS:
            result = await client.call_tool("docs_read" if name in {"docs_sync", "docs_lock"} else name, {"no_such": 1})
            assert result.is_error
            assert result.structured_content is None
            assert "no_such" in text_of(result)
            assert len(text_of(result)) <= ERROR_CHARACTERS


async def test_nothing_that_a_client_is_told_of_a_tool_is_cut() -> None:
    assert len(INSTRUCTIONS) <= DESCRIPTION_CHARACTERS
    for tool in TOOLS:
        assert len(tool.description) <= DESCRIPTION_CHARACTERS
        assert len(f"mcp__syncd__{tool.name}") <= 64
