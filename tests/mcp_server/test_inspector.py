"""The inspector, a client by others: over both transports and eras it lists and calls every tool, and finds every schema portable."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from mcp_server.registry import TOOLS
from tests.mcp_server.worlds import World
from tests.node_tools import NodeTools, find_node_tools

pytestmark = pytest.mark.asyncio(loop_scope="session")
SECONDS = 60
# For each tool a call that changes nothing.
CALLS: dict[str, dict[str, object]] = {
    "search": {"query": "quokka"},
    "fetch": {"id": "guide/docs/setup.md"},
    "docs_projects": {},
    "docs_search": {"query": "quokka port"},
    "docs_list": {"project": "guide"},
    "docs_read": {"id": "guide/docs/setup.md"},
    "docs_outline": {"id": "guide/docs/setup.md"},
    "docs_history": {"id": "guide/docs/setup.md"},
    "docs_diff": {"id": "guide/docs/setup.md", "from": "v1"},
    "docs_changes": {"since": "r0"},
    "docs_chunks": {"id": "guide/docs/setup.md"},
    "docs_session": {"action": "show"},
    "docs_sync": {"project": "notes"},
    "docs_lock": {"project": "guide", "action": "show"},
}
ERAS = ("legacy", "modern")


@dataclass(frozen=True, slots=True)
class Inspector:
    """The program, and the key of a caller who may use every tool."""

    tools: NodeTools
    world: World
    key: str

    async def ask(self, transport: str, era: str, *options: str) -> tuple[int, Any]:
        """Run the inspector once, and return its exit code and what it printed."""
        environment = dict(self.tools.environment)
        if transport == "http":
            target = [
                f"{self.world.mcp_url}/mcp",
                "--transport",
                "http",
                "--header",
                f"Authorization: Bearer {self.key}",
            ]
        else:
            environment |= {"SYNCD_READ_DATABASE_URL": self.world.database.read_url, "SYNCD_API_KEY": self.key}
            given = [f"{name}={environment[name]}" for name in ("SYNCD_READ_DATABASE_URL", "SYNCD_API_KEY")]
            target = [sys.executable, "-m", "mcp_server", "stdio", *(part for pair in given for part in ("-e", pair))]
        command = [*self.tools.inspector(), *target, "--protocol-era", era, *options, "--format", "json", "-q"]
        inspector = await asyncio.create_subprocess_exec(
            *command,
            cwd=Path(__file__).parents[2],
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(SECONDS):
                output, errors = await inspector.communicate()
        finally:
            if inspector.returncode is None:
                inspector.kill()
                await inspector.wait()
        assert inspector.returncode is not None
        return inspector.returncode, json.loads(output) if output.strip() else errors.decode()[-2_000:]


@pytest_asyncio.fixture(loop_scope="session")
async def inspector(world: World) -> AsyncIterator[Inspector]:
    tools = find_node_tools()
    key, _ = await world.acme.make_key(scopes=("docs:read", "docs:sync", "locks:write"))
    yield Inspector(tools, world, key)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_its_linter_finds_every_schema_portable(inspector: Inspector, transport: str, era: str) -> None:
    code, listed = await inspector.ask(transport, era, "--method", "tools/list", "--strict")

    assert code == 0, listed
    assert [tool["name"] for tool in listed["result"]["tools"]] == [tool.name for tool in TOOLS]


@pytest.mark.parametrize("era", ERAS)
# Over stdio each call is a process of ours too: one of them shows that calls pass, the full run shows all.
@pytest.mark.parametrize(
    ("transport", "names"),
    [("http", tuple(CALLS)), ("stdio", ("docs_read",)), pytest.param("stdio", tuple(CALLS), marks=pytest.mark.full)],
)
async def test_it_calls_the_tools(inspector: Inspector, transport: str, names: tuple[str, ...], era: str) -> None:
    turns = asyncio.Semaphore(2)

    async def call(name: str) -> None:
        arguments = ("--method", "tools/call", "--tool-name", name, "--tool-args-json", json.dumps(CALLS[name]))
        async with turns:
            code, answer = await inspector.ask(transport, era, *arguments)
        assert code == 0, (name, answer)
        assert answer["result"]["content"][0]["text"]

    async with asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(call(name))


async def test_every_tool_has_its_call() -> None:
    assert set(CALLS) == {tool.name for tool in TOOLS}
