"""What a call of an agent costs: docs_read, docs_search and docs_list beside a no-op tool of the bare SDK and the bare query.

    nice -n 5 python -m bench.agents [--seconds 4] [--rounds 16] [--streams 1000] [--calls 100000] [--json]

Each server is a process of its own: ours as `syncd-mcp http` runs it, and one tool that answers "ok" on the SDK's lowlevel server (JSON,
httptools, no key, no database). Both get the same requests over kept connections from this process. Times are the client's; the processor's
time is the server process', user and system, by call.

The kinds of calls take turns, a slice of time each, in as many rounds: whatever else the machine does falls on all of them, and each round
tells by itself how many times the processor's time of the no-op a call takes. What is told of that is the median round, and the spread.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil
import uvicorn
from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import CallToolRequestParams, CallToolResult, TextContent

from syncd.adapters.embedded.postgres import open_postgres
from syncd.adapters.embedded.redis import open_redis
from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.migrations import list_migrations, run_migrations
from syncd.adapters.postgres.roles import put_groups, put_logins
from syncd.adapters.postgres.transactions import reading
from tests.databases import LOGINS, TEMPLATE, make_database, name_database, run_statement
from tests.mcp_server.agents import MODERN, request
from tests.mcp_server.worlds import ACME_FILES, Party, make_party
from tests.mirror import open_mirror

CLIENTS = (1, 16, 64)
CALLS: dict[str, dict[str, object]] = {
    "docs_read": {"id": "guide/docs/setup.md"},
    "docs_search": {"query": "quokka port"},
    "docs_list": {"project": "guide"},
}
WARM_UP_CALLS = 50
WARM_UP_SECONDS = 1.0
_DOCUMENT = """
select p.name, p.revision, v.path, b.text
from projects p
join document_versions v using (tenant_id, project_id)
join blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
where p.tenant_id = (select current_tenant()) and p.name = 'guide' and v.path = 'docs/setup.md' and v.revision_to is null
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A server in a process of its own, and the key that it wants."""

    port: int
    process: psutil.Process
    key: str


@dataclass(frozen=True, slots=True)
class Slice:
    """The calls of one kind in one round: how long each took, all of them together, and the server's processor; seconds."""

    times: Sequence[float]
    seconds: float
    cpu: float

    @property
    def cpu_each(self) -> float:
        """Return the processor's time of one call."""
        return self.cpu / len(self.times)


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of call from so many clients at once. Milliseconds; *cpu* is the server's, a call.

    *times_noop* is how many times that of the no-op it is: in the median round, the least and the most, a tenth of the rounds aside at either end.
    """

    call: str
    clients: int
    p50: float
    p99: float
    per_second: float
    cpu: float | None
    times_noop: tuple[float, float, float] | None = None


async def serve_noop(port: int) -> None:
    """Serve one tool that does nothing, as plainly as the SDK can."""

    async def call_tool(_: ServerRequestContext[Any], __: CallToolRequestParams) -> CallToolResult:
        return CallToolResult(content=[TextContent(text="ok")])

    server: Server[Any] = Server("noop", on_call_tool=call_tool)
    manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True)
    async with manager.run():
        config = uvicorn.Config(
            manager.handle_request,
            port=port,
            interface="asgi3",
            http="httptools",
            ws="none",
            lifespan="off",
            log_level="warning",
        )
        await uvicorn.Server(config).serve()


def make_message(served: Served, method: str, **params: object) -> bytes:
    """Return one request of the era without sessions, ready to be written."""
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    body = json.dumps(request(method, **params, _meta=meta)).encode()
    name = f"Mcp-Name: {params['name']}\r\n" if "name" in params else ""
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nAuthorization: Bearer {served.key}\r\n"
        f"MCP-Protocol-Version: {MODERN}\r\nMcp-Method: {method}\r\n{name}Content-Type: application/json\r\n"
        f"Accept: application/json, text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes) -> None:
    """Send one request and read its whole answer."""
    writer.write(message)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    assert b'"isError":true' not in body, body


async def load(served: Served, message: bytes, *, clients: int, seconds: float) -> Slice:
    """Send *message* from so many connections at once, each as soon as it is answered."""
    times = list[float]()
    async with AsyncExitStack() as stack:
        connections = []
        for _ in range(clients):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            stack.callback(writer.close)
            connections.append((reader, writer))
        for number in range(max(WARM_UP_CALLS, clients)):
            await exchange(*connections[number % clients], message)
        before, began = _cpu(served), time.perf_counter()

        async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            started = 0.0
            while started - began < seconds:  # once at least
                started = time.perf_counter()
                await exchange(reader, writer, message)
                times.append(time.perf_counter() - started)

        async with asyncio.TaskGroup() as tasks:
            for connection in connections:
                tasks.create_task(work(*connection))
        return Slice(times, time.perf_counter() - began, _cpu(served) - before)


def _cpu(served: Served) -> float:
    """Return the seconds of processor that a server has taken, to the microsecond: /proc tells them in hundredths."""
    return time.clock_gettime((~served.process.pid << 3) | 2)  # clock_getcpuclockid(3), which Python does not have


async def compare(
    calls: Mapping[str, tuple[Served, bytes]], *, clients: int, seconds: float, rounds: int
) -> list[Cell]:
    """Make each of *calls* for so many seconds, in turns. The first is what the others are compared with."""
    slices: dict[str, list[Slice]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, (served, message) in calls.items():
            slices[name].append(await load(served, message, clients=clients, seconds=seconds / rounds))
    noop = next(iter(slices.values()))
    return [_summarise(name, clients, made, noop) for name, made in slices.items()]


def _summarise(call: str, clients: int, made: Sequence[Slice], noop: Sequence[Slice] | None) -> Cell:
    times = [one for some in made for one in some.times]
    p50, p99 = median(times) * 1000, quantiles(times, n=100)[98] * 1000
    per_second = len(times) / sum(some.seconds for some in made)
    if noop is None:
        return Cell(call, clients, p50, p99, per_second, None)
    ratios = sorted(one.cpu_each / bare.cpu_each for one, bare in zip(made, noop, strict=True))
    tenth = len(ratios) // 10
    spread = (median(ratios), ratios[tenth], ratios[-1 - tenth])
    return Cell(call, clients, p50, p99, per_second, sum(some.cpu for some in made) / len(times) * 1000, spread)


async def query_bare(party: Party, *, seconds: float) -> Cell:
    """Read the same document by one query, in a transaction of its tenant, under row-level security, from this process."""
    times, began = list[float](), time.perf_counter()
    while time.perf_counter() - began < seconds:
        started = time.perf_counter()
        async with reading(party.mirror.read_pool, party.mirror.tenant_id) as connection:
            assert len(await connection.fetch(_DOCUMENT)) == 1
        times.append(time.perf_counter() - started)
    return _summarise("bare query", 1, [Slice(times, time.perf_counter() - began, 0.0)], None)


async def measure_streams(served: Served, streams: int) -> dict[str, float]:
    """Open so many streams that listen, and return what each adds to the memory of the server."""
    notifications = {"resourceSubscriptions": ["doc://guide"], "resourcesListChanged": True}
    message = make_message(served, "subscriptions/listen", notifications=notifications)
    before = served.process.memory_info().rss
    async with AsyncExitStack() as stack:
        for _ in range(streams):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            stack.callback(writer.close)
            writer.write(message)
            await reader.readuntil(b"acknowledged")
        added = served.process.memory_info().rss - before
    return {"streams": streams, "kib_each": round(added / streams / 1024, 1), "mib_before": round(before / 2**20, 1)}


async def measure_memory(served: Served, calls: int) -> list[float]:
    """Call docs_read so many times, and return the memory of the server in MiB after each tenth of them."""
    message = make_message(served, "tools/call", name="docs_read", arguments=CALLS["docs_read"])
    sizes = list[float]()
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for _ in range(10):
        for _ in range(calls // 10):
            await exchange(reader, writer, message)
        sizes.append(round(served.process.memory_info().rss / 2**20, 1))
    writer.close()
    return sizes


@asynccontextmanager
async def starting(command: Sequence[str], port: int, key: str, environment: dict[str, str]) -> AsyncIterator[Served]:
    """Start a server in a process of its own, and stop it at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _wait_for(port)
        yield Served(port, psutil.Process(process.pid), key)
    finally:
        process.terminate()
        await process.wait()


async def _wait_for(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


def _find_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@asynccontextmanager
async def mirrored(directory: Path) -> AsyncIterator[tuple[Party, str]]:
    """Mirror a small guide into servers of this run, and yield whose it is and where a reader finds it."""
    async with (
        open_postgres(directory / "cluster", run_directory=directory / "run") as postgres,
        open_redis(directory / "redis", run_directory=directory / "redis-run") as redis,
    ):
        await run_statement(postgres.url, f"create database {TEMPLATE}")
        async with open_connection(name_database(postgres.url, TEMPLATE)) as connection:
            await put_groups(connection)
            await put_logins(connection, list(LOGINS))
            await run_migrations(connection, list_migrations())
        async with make_database(postgres, TEMPLATE) as database, open_mirror(database, redis) as mirror:
            party = await make_party(mirror, directory / "acme")
            await party.add_project("guide", ACME_FILES)
            yield party, database.read_url


async def run(*, seconds: float, rounds: int, streams: int, calls: int) -> dict[str, Any]:
    """Measure everything, the calls of each number of clients in turns."""
    cells = list[Cell]()
    with tempfile.TemporaryDirectory() as directory:
        async with AsyncExitStack() as stack:
            party, read_url = await stack.enter_async_context(mirrored(Path(directory)))
            many = dict.fromkeys(("SYNCD_MCP_CALLS_PER_MINUTE", "SYNCD_MCP_BURST_CALLS"), "1000000")
            many |= {"SYNCD_MCP_CONCURRENCY": "64", "SYNCD_MCP_CONNECTIONS_PER_ADDRESS": "4096", "SYNCD_LOG": "json"}
            many |= {"SYNCD_ENV": "test", "SYNCD_READ_DATABASE_URL": read_url}
            port, noop_port = _find_port(), _find_port()
            http = ("-m", "mcp_server", "http", "--listen", f"127.0.0.1:{port}")
            noop = ("-m", "bench.agents", "--noop", str(noop_port))
            ours = await stack.enter_async_context(starting(http, port, party.api_key, many))
            bare = await stack.enter_async_context(starting(noop, noop_port, "none", {}))
            asked = {"no-op": (bare, make_message(bare, "tools/call", name="noop", arguments={}))}
            for tool, arguments in CALLS.items():
                asked[tool] = (ours, make_message(ours, "tools/call", name=tool, arguments=arguments))
            for served, message in asked.values():
                await load(served, message, clients=max(CLIENTS), seconds=WARM_UP_SECONDS)
            for clients in CLIENTS:
                cells += await compare(asked, clients=clients, seconds=seconds, rounds=rounds)
            cells.append(await query_bare(party, seconds=seconds))
            listening = await measure_streams(ours, streams)
            memory = await measure_memory(ours, calls)
    load_average = round(os.getloadavg()[0], 1)
    return {"cells": [asdict(cell) for cell in cells], "streams": listening, "memory": memory, "load": load_average}


def show(measured: dict[str, Any]) -> None:
    """Print the figures as a table."""
    print("| call | clients | p50 ms | p99 ms | calls/s | server CPU ms a call | times the no-op (spread) |")
    print("|---|---|---|---|---|---|---|")
    for cell in measured["cells"]:
        figures = f"{cell['p50']:.2f} | {cell['p99']:.2f} | {cell['per_second']:.0f}"
        cpu = "" if cell["cpu"] is None else f"{cell['cpu']:.2f}"
        times = "" if cell["times_noop"] is None else "{:.2f} ({:.2f} to {:.2f})".format(*cell["times_noop"])
        print(f"| {cell['call']} | {cell['clients']} | {figures} | {cpu} | {times} |")
    print("load of the machine at the end:", measured["load"])
    print(measured["streams"], "MiB after each tenth of the calls:", measured["memory"])


def main() -> None:
    """Run the bench, or the server that it measures beside."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="for each kind of call and number of clients")
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--noop", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.noop is not None:
        asyncio.run(serve_noop(chosen.noop))
        return
    measured = asyncio.run(
        run(seconds=chosen.seconds, rounds=chosen.rounds, streams=chosen.streams, calls=chosen.calls)
    )
    print(json.dumps(measured)) if chosen.json else show(measured)


if __name__ == "__main__":
    main()
