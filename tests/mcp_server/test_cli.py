import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.subscriptions import SubscriptionLost

import mcp_server
from mcp_server.cli import main
from mcp_server.identity import READ_SCOPE
from mcp_server.registry import TOOLS
from mcp_server.serving import open_listener
from tests.databases import Database
from tests.end_to_end.running import START_SECONDS
from tests.mcp_server.agents import MODERN, open_agent, post, request, text_of
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROOT = str(Path(mcp_server.__file__).parent.parent)
END_SECONDS = 10
"""Well within the time that calls have to end."""


def make_environment(database: Database, **settings: str) -> dict[str, str]:
    """Return the environment of a server: nothing of ours but the path, and no .env of the place it stands in."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": ROOT,
        "PYTHONWARNINGS": "error",
        "SYNCD_READ_DATABASE_URL": database.read_url,
        "SYNCD_ENV": "test",
        **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
        **settings,
    }


@asynccontextmanager
async def running(
    directory: Path, environment: dict[str, str], *arguments: str, pass_fds: tuple[int, ...] = ()
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start `python -m mcp_server` and end it, however the test ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mcp_server", *arguments,
        cwd=directory, env=environment, pass_fds=pass_fds,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def read_event(process: asyncio.subprocess.Process, event: str) -> dict[str, object]:
    """Return the next line of the log with this event."""
    assert process.stderr is not None
    async with asyncio.timeout(START_SECONDS):
        while line := await process.stderr.readline():
            fields: dict[str, object] = json.loads(line)
            if fields["event"] == event:
                return fields
    raise AssertionError(f"the server ended without {event}")


async def test_http_serves_logs_one_line_a_call_and_drains_at_sigterm(world: World, tmp_path: Path) -> None:
    async with running(tmp_path, make_environment(world.database), "http", "--listen", "127.0.0.1:0") as process:
        origin = str((await read_event(process, "serving"))["url"]).removesuffix("/mcp")
        body = request("tools/call", name="docs_read", arguments={"id": "guide/docs/setup.md"})
        status, _, text = await post(origin, world.acme.api_key, body)
        called = await read_event(process, "tool_called")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(START_SECONDS):
            _, rest = await process.communicate()

    assert status == 200
    assert "pip install quokka" in text
    assert (called["tool"], called["outcome"], called["tenant"]) == (
        "docs_read",
        "ok",
        str(world.acme.mirror.tenant_id),
    )
    assert UUID(str(called["request_id"])).version == 7
    assert isinstance(called["ms"], float)
    assert isinstance(called["bytes"], int)
    assert "setup.md" not in json.dumps(called)
    assert (process.returncode, rest) == (0, b"")


async def test_an_open_stream_does_not_hold_up_the_end(world: World, tmp_path: Path) -> None:
    async with running(tmp_path, make_environment(world.database), "http", "--listen", "127.0.0.1:0") as process:
        origin = str((await read_event(process, "serving"))["url"]).removesuffix("/mcp")
        async with (
            open_agent(origin, world.acme.api_key) as agent,
            agent.listen(resource_subscriptions=["doc://guide"]) as subscription,
        ):
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(END_SECONDS):
                with pytest.raises((StopAsyncIteration, SubscriptionLost)):
                    await anext(subscription)
                assert await process.wait() == 0
        assert process.stderr is not None
        assert b"Traceback" not in await process.stderr.read()


async def test_http_serves_on_an_inherited_socket(world: World, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        arguments = ("http", "--listen-fd", str(listener.fileno()))
        async with running(
            tmp_path, make_environment(world.database), *arguments, pass_fds=(listener.fileno(),)
        ) as process:
            await read_event(process, "serving")
            origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
            assert (await post(origin, world.acme.api_key, request("tools/list")))[0] == 200


async def test_the_service_manager_hears_that_http_is_served_lives_and_ends(world: World, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(START_SECONDS)
        environment = make_environment(world.database, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="30000000")
        async with running(tmp_path, environment, "http", "--listen", "127.0.0.1:0") as process:
            heard = {await asyncio.to_thread(manager.recv, 500) for _ in range(2)}
            await read_event(process, "serving")
            process.send_signal(signal.SIGTERM)
            ended = await asyncio.to_thread(manager.recv, 500)
    assert heard == {b"READY=1", b"WATCHDOG=1"}
    assert ended == b"STOPPING=1"


@pytest.mark.parametrize("mode", ["legacy", "auto", MODERN])
async def test_stdio_serves_the_sdks_client_in_every_era(world: World, tmp_path: Path, mode: str) -> None:
    environment = make_environment(world.database, SYNCD_API_KEY=world.acme.api_key)
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "mcp_server", "stdio"], env=environment, cwd=tmp_path
    )
    with (tmp_path / "log").open("w") as log:
        async with Client(stdio_client(server, errlog=log), mode=mode) as client:
            answer = await client.call_tool("docs_read", {"id": "guide/docs/setup.md"})
            listed = await client.list_tools()

    assert "pip install quokka" in text_of(answer)
    assert [tool.name for tool in listed.tools] == [tool.name for tool in TOOLS if tool.scope == READ_SCOPE]


@pytest.mark.parametrize(
    ("settings", "arguments", "code", "said"),
    [
        ({}, ("stdio",), 2, "SYNCD_API_KEY is not set"),
        ({"SYNCD_API_KEY": "syncd_test_wrong"}, ("stdio",), 1, "malformed, unknown, revoked or expired"),
        ({}, ("http", "--listen", "nonsense"), 2, "is not HOST:PORT"),
        ({}, ("http", "--listen-fd", "999"), 2, "no listening socket"),
        ({}, ("serve",), 2, "invalid choice"),
        (
            {"SYNCD_READ_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x"},
            ("http", "--listen", "127.0.0.1:0"),
            4,
            "does not answer",
        ),
    ],
)
async def test_what_is_wrong_is_said_in_a_sentence(
    world: World, tmp_path: Path, settings: dict[str, str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    async with running(tmp_path, make_environment(world.database, **settings), *arguments) as process:
        async with asyncio.timeout(START_SECONDS):
            _, errors = await process.communicate()

    assert process.returncode == code
    assert said in errors.decode()
    assert b"Traceback" not in errors


async def test_a_port_that_is_taken_is_named(world: World, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        async with running(
            tmp_path, make_environment(world.database), "http", "--listen", f"127.0.0.1:{port}"
        ) as process:
            _, errors = await process.communicate()

    assert process.returncode == 2
    assert f"Cannot listen on 127.0.0.1:{port}" in errors.decode()


async def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["http", "--help"], ["stdio", "--help"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
        assert "example" in capsys.readouterr().out


async def test_answers_do_not_wait_for_acknowledgements() -> None:
    with open_listener("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        with accepted:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, accepted)
            served = transport.get_extra_info("socket")
            assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
            transport.close()
            await asyncio.to_thread(client.recv, 1)
