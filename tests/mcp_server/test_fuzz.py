"""Whatever a caller sends: no server error, no traceback, no answer above its limit; and the server goes on."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio

from mcp_server.gate import MAX_ANSWER_BYTES
from mcp_server.registry import TOOLS
from syncd.adapters.postgres.connections import open_connection
from tests.databases import Database
from tests.mcp_server.agents import LEGACY, MODERN, request
from tests.mcp_server.generating import STRANGE, Generator
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import ACME_FILES, make_party
from tests.mirror import Mirror

DEADLINE_SECONDS = 10
AT_ONCE = 8
METHODS = (
    "resources/read",
    "resources/list",
    "resources/templates/list",
    "tools/list",
    "prompts/get",
    "prompts/list",
    "completion/complete",
)
KNOWN = (
    "guide", "notes", "docs", "docs/deep", "guide/docs/setup.md", "guide/docs/setup.md@v1", "guide/docs/setup.md@v1:L1-3", "guide/docs/long.md",
    "guide/docs/long.md@v2", "guide/docs/setup.md#configure", "quokka port", "wombats", "Configure", "docs_search", "r1", "r2", "now", "lead",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """A served tenant, of whom the fuzz may write."""

    origin: str
    api_key: str
    known: Sequence[str]

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.api_key}",
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
        }


@pytest_asyncio.fixture
async def target(mirror: Mirror, database: Database, tmp_path: Path) -> AsyncIterator[Target]:
    party = await make_party(mirror, tmp_path)
    guide = await party.add_project("guide", ACME_FILES)
    await party.add_project("notes", {"todo.txt": "Feed the wombat.\n"}, repository=None)
    await party.publish(guide, {"docs/long.md": "# Long\n\nShorter now.\n", "docs/new.md": "# New\n"})
    key, _ = await party.make_key(scopes=("docs:read", "docs:sync", "locks:write"))
    async with serving(database.read_url, mcp_concurrency=AT_ONCE, mcp_header_seconds=0.3) as origin:
        yield Target(origin, key, KNOWN)


def check(status: int, text: str, sent: object) -> str:
    """Return what was answered. Fails where it is a fault of the server."""
    assert status < 500, (status, text[:500], sent)
    assert "Traceback" not in text
    assert "The server failed" not in text, (text[:500], sent)
    # Text and structure say the same, each within the limit; quoting may double what is in quotes.
    assert len(text.encode()) <= 4 * MAX_ANSWER_BYTES + 4096, sent
    return text


async def ask(
    session: aiohttp.ClientSession, target: Target, method: str, params: dict[str, Any], *, modern: bool
) -> str:
    headers = {"MCP-Protocol-Version": MODERN if modern else LEGACY}
    if modern:
        name = params.get("name", params.get("uri"))
        headers |= {"Mcp-Method": method}
        if isinstance(name, str) and name.isascii() and name.isprintable():
            headers |= {"Mcp-Name": name}
        params = params | {
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientCapabilities": {},
            }
        }
    body = json.dumps(request(method, **params)).encode()
    async with session.post(f"{target.origin}/mcp", data=body, headers=headers) as answer:
        return check(answer.status, await answer.text(), (method, params))


async def fuzz_tools(target: Target, calls: int, seed: int) -> dict[str, set[bool]]:
    """Call every tool *calls* times, some at once, and return for each whether there were answers and errors."""
    random, seen = Random(seed), {tool.name: set[bool]() for tool in TOOLS}
    print(f"seed {seed}")  # noqa: T201 - a failing run is repeated by it
    generator = Generator(random, target.known)
    waiting = [
        (tool, generator.make(tool.describe().input_schema), random.random() < 0.3)
        for tool in TOOLS
        for _ in range(calls)
    ]
    random.shuffle(waiting)
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, headers=target.headers) as session:

        async def work() -> None:
            while waiting:
                tool, arguments, modern = waiting.pop()
                params = {"name": tool.name, "arguments": arguments}
                text = await ask(session, target, "tools/call", params, modern=modern)
                result = json.loads(text).get("result")
                seen[tool.name].add(result is None or bool(result.get("isError")))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(work())
    return seen


async def test_tools_answer_200_generated_calls_each(target: Target) -> None:
    seen = await fuzz_tools(target, 200, Random().randrange(2**32))
    assert [name for name, kinds in seen.items() if True not in kinds] == []
    # Two hundred calls may miss every right one of a tool whose arguments are hard to guess; they do not miss those of most tools.
    assert len([name for name, kinds in seen.items() if False in kinds]) > len(TOOLS) / 2


@pytest.mark.full
async def test_tools_answer_2000_generated_calls_each(target: Target) -> None:
    await fuzz_tools(target, 2000, Random().randrange(2**32))


async def test_other_methods_answer_generated_params(target: Target) -> None:
    random = Random(seed := Random().randrange(2**32))
    print(f"seed {seed}")  # noqa: T201 - a failing run is repeated by it
    generator = Generator(random, target.known)
    async with aiohttp.ClientSession(headers=target.headers) as session:
        for number in range(400):
            method = METHODS[number % len(METHODS)]
            text = generator._make_text()
            params: dict[str, Any] = {
                "uri": f"doc://{text}",
                "cursor": text,
                "name": text,
                "arguments": {"question": text, "project": text, "since": text},
                "ref": {"type": "ref/resource", "uri": "doc://{project}/{+path}"},
                "argument": {"name": random.choice(["project", "path", text]), "value": text},
            }
            some = {name: value for name, value in params.items() if random.random() < 0.8}
            await ask(session, target, method, some, modern=random.random() < 0.5)


def mangle(random: Random, message: bytes) -> bytes:
    """Return a request that something happened to on the way, or in its maker."""
    head, _, body = message.partition(b"\r\n\r\n")
    cut = random.randrange(1, len(message))
    line = random.choice(
        [
            b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999", b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: identity", b"Host: evil.example", b": no name", b"X: " + b"y" * 70_000, b"Expect: 100-continue",
            b"Upgrade: websocket\r\nConnection: upgrade", b"Authorization: Bearer", b"Authorization: Basic eDp5", b"Mcp-Session-Id: 1",
            b"MCP-Protocol-Version: " + b"9" * 300, b"Content-Type: text/plain", b"Content-Encoding: gzip", b"Accept: */*", b"Last-Event-ID: 1",
            b"Origin: null", b"\xff\xfe: \x80", b" folded: line", b"Cookie: " + b"a=b; " * 2000,
        ]
    )  # fmt: skip
    shapes = (
        "[]", "0", "null", '"x"', "{}", '{"id":{}}', "[[]]", '{"jsonrpc":"2.0","id":[],"method":"ping"}', '{"jsonrpc":"1.0","id":1,"method":"ping"}',
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":{}}}',
        '{"jsonrpc":"2.0","id":1e400,"method":"ping"}', '{"jsonrpc":"2.0","id":' + "9" * 5000 + ',"method":"ping"}', "[" * 20_000, '{"a":' * 20_000,
        '{"jsonrpc":"2.0","id":1,"result":{}}', '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}', "\ufeff{}",
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"docs_read","arguments":{"id":"a"},"_meta":7}}',
        '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping","method":"tools/list"}',
        '{"jsonrpc":"2.0","id":1,"method":"' + random.choice(STRANGE[5:]).encode("unicode_escape").decode().replace('"', "")[:100] + '"}',
    )  # fmt: skip
    shape = random.choice(shapes).encode(errors="replace")
    sized = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(shape), head) + b"\r\n\r\n" + shape
    flipped = bytearray(message)
    for _ in range(random.randint(1, 8)):
        flipped[random.randrange(len(flipped))] = random.randrange(256)
    path = random.choice(
        [b"/", b"//mcp", b"/mcp?a=b", b"/mcp/%00", b"/%ff", b"*", b"http://x/mcp", b"/mcp#x", b"/" + b"a" * 9000]
    )
    return random.choice(
        [
            message[:cut], head + b"\r\n" + line + b"\r\n\r\n" + body, sized, sized, bytes(flipped), bytes(flipped), message * 3,
            message.replace(b"POST", random.choice([b"GET", b"PUT", b"DELETE", b"TRACE", b"OPTIONS", b"XYZZY", b"PRI"]), 1),
            message.replace(b" /mcp ", b" " + path + b" ", 1), message.replace(b"HTTP/1.1", random.choice([b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9"]), 1),
            random.randbytes(random.randint(1, 300)), head.replace(b"\r\n", b"\n") + b"\n\n" + body,
        ]
    )  # fmt: skip


async def exchange(origin: str, sent: bytes) -> bytes:
    """Send bytes, and return the first answer; nothing where the server closes without one."""
    address = urlsplit(origin)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            writer.write(sent)
            try:
                await writer.drain()
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                return head + await reader.readexactly(int(length[1]) if length else 0)
            except (ConnectionError, asyncio.IncompleteReadError):
                return b""  # refused before it was read: the answer may be lost with it
    finally:
        writer.close()


def make_message(target: Target) -> bytes:
    body = json.dumps(request("tools/call", name="docs_read", arguments={"id": "guide/docs/setup.md"})).encode()
    lines = [f"{name}: {value}" for name, value in target.headers.items()]
    head = [
        "POST /mcp HTTP/1.1",
        "Host: localhost",
        f"MCP-Protocol-Version: {LEGACY}",
        f"Content-Length: {len(body)}",
        *lines,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def fuzz_http(target: Target, rounds: int, seed: int) -> set[int]:
    random, statuses = Random(seed), set[int]()
    print(f"seed {seed}")  # noqa: T201 - a failing run is repeated by it
    message = make_message(target)
    waiting = [mangle(random, message) for _ in range(rounds)]

    async def work() -> None:
        while waiting:
            sent = waiting.pop()
            answered = await exchange(target.origin, sent)
            assert b"Traceback" not in answered
            for status in re.findall(rb"\AHTTP/1\.[01] (\d{3})", answered):
                assert int(status) < 500, (answered[:500], sent[:2000])
                statuses.add(int(status))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(2 * AT_ONCE):
            tasks.create_task(work())
    async with aiohttp.ClientSession(headers=target.headers) as session:
        assert "quokka" in await ask(
            session,
            target,
            "tools/call",
            {"name": "docs_read", "arguments": {"id": "guide/docs/setup.md"}},
            modern=False,
        )
    return statuses


async def test_malformed_http_is_the_callers_fault(target: Target) -> None:
    statuses = await fuzz_http(target, 400, Random().randrange(2**32))
    assert {200, 400, 401, 404, 405, 408} <= statuses


@pytest.mark.full
async def test_much_malformed_http_is_the_callers_fault(target: Target) -> None:
    await fuzz_http(target, 10_000, Random().randrange(2**32))


async def test_the_database_knows_nothing_of_a_call_that_was_cut(target: Target, database: Database) -> None:
    """A fuzz leaves no transaction open and no connection stuck."""
    await fuzz_http(target, 20, 7)
    async with open_connection(database.migrator_url) as connection:
        stuck = await connection.fetchval(
            "select count(*) from pg_stat_activity where usename = 'test_read' and state = 'idle in transaction' and datname = current_database()"
        )
    assert stuck == 0
