"""The address is ours or it is said why not; nobody holds others up; the end comes."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientError, ClientSession, web
from pydantic import SecretStr

from syncd.adapters.embedded.redis import RedisServer
from syncd.bootstrap import Grounds, open_parts
from syncd.errors import BadUsage, Busy
from syncd.services.sources import FolderAccess
from syncd.settings import Settings
from syncd.web.server import Bounds, bind, make_url, open_site, serve
from tests.databases import Database

HEADER = b"GET / HTTP/1.1\r\nHost: x\r\n"


def make_test_app(*, entered: asyncio.Event | None = None, leave: asyncio.Event | None = None) -> web.Application:
    async def answer(_request: web.Request) -> web.Response:
        if entered is not None and leave is not None:
            entered.set()
            await leave.wait()
        return web.Response(text="here")

    app = web.Application()
    app.add_routes([web.get("/", answer)])
    return app


@asynccontextmanager
async def open_server(app: web.Application, bounds: Bounds) -> AsyncIterator[tuple[str, int]]:
    with bind(("127.0.0.1", 0), option="--http") as listening:
        async with serve(app, listening, bounds=bounds):
            yield listening.getsockname()


async def fetch(address: tuple[str, int]) -> str:
    async with ClientSession() as session, session.get(f"http://{address[0]}:{address[1]}/") as response:
        return await response.text()


def test_a_taken_port_is_said_at_once_with_the_option_that_helps() -> None:
    with bind(("127.0.0.1", 0), option="--http") as first:
        address = first.getsockname()
        with pytest.raises(Busy) as caught, bind(address, option="--http"):
            pass
    assert (caught.value.code, caught.value.exit_code) == ("port_taken", 5)
    assert str(address[1]) in caught.value.message
    assert "--http HOST:PORT" in caught.value.hint


def test_a_port_is_free_again_when_its_holder_ends(kept_port: int) -> None:
    address = ("127.0.0.1", kept_port)
    for _ in range(2):
        with bind(address, option="--http") as listening:
            assert listening.getsockname() == address


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_that_is_not_of_this_machine_is_wrong_usage(host: str) -> None:
    with pytest.raises(BadUsage) as caught, bind((host, 8700), option="--http"):
        pass
    assert caught.value.code == "address_unavailable"
    assert host in caught.value.message


def test_the_url_is_one_that_can_be_opened() -> None:
    with bind(("127.0.0.1", 0), option="--http") as listening:
        assert make_url(listening) == f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_address_of_ipv6_stands_in_brackets() -> None:
    with bind(("::1", 0), option="--http") as listening:
        assert make_url(listening).startswith("http://[::1]:")


def test_a_port_of_the_system_is_not_for_an_ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_socket: socket.socket, _address: tuple[str, int]) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("syncd.web.server.socket.socket.bind", refuse)
    with pytest.raises(BadUsage) as caught, bind(("127.0.0.1", 80), option="--http"):
        pass
    assert caught.value.code == "port_forbidden"


@pytest.mark.parametrize("by", ["socket", "address"])
async def test_the_site_of_a_daemon_answers_at_a_socket_or_an_address(
    database: Database, redis_server: RedisServer, by: str
) -> None:
    settings = Settings(
        env="development",
        sync_database_url=SecretStr(database.sync_url),
        web_database_url=SecretStr(database.web_url),
        redis_url=SecretStr(redis_server.url),
        parse_workers=0,
        pool_connections=2,
    )
    grounds = Grounds(FolderAccess(roots=(), excluded=()))
    with bind(("127.0.0.1", 0), option="--http") as listening:
        where = listening if by == "socket" else ("127.0.0.1", 0)
        async with open_parts(settings, grounds) as parts, open_site(parts, where) as url, ClientSession() as session:
            async with session.get(f"{url}/readyz") as response:
                assert response.status == 200
            async with session.get(f"{url}/status") as response:
                assert (await response.json())["error"]["details"] == {"code": "unauthorized"}


async def test_a_client_that_dribbles_its_header_is_cut_and_holds_nobody_up() -> None:
    # Within it an honest request must come, however busy the machine is.
    async with open_server(make_test_app(), Bounds(header_seconds=1)) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(HEADER)

        async def dribble() -> None:
            for number in range(1_000_000):
                writer.write(b"X-%d: y\r\n" % number)
                await writer.drain()
                await asyncio.sleep(0.02)

        dribbling = asyncio.ensure_future(dribble())
        assert await fetch(address) == "here"
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionError):
                await dribbling
        writer.close()
        assert reader.at_eof() or reader.exception() is not None


async def test_a_connection_that_says_nothing_is_cut() -> None:
    async with open_server(make_test_app(), Bounds(header_seconds=0.1)) as address:
        reader, writer = await asyncio.open_connection(*address)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_one_connection_too_many_is_refused_and_a_freed_place_is_taken() -> None:
    async with open_server(make_test_app(), Bounds(connections=1)) as address:
        first_reader, first = await asyncio.open_connection(*address)
        first.write(HEADER + b"\r\n")
        assert await first_reader.readline() == b"HTTP/1.1 200 OK\r\n"
        reader, second = await asyncio.open_connection(*address)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        second.close()
        first.write(HEADER + b"Connection: close\r\n\r\n")
        async with asyncio.timeout(5):
            await first_reader.read()
        first.close()
        assert await fetch(address) == "here"


async def test_a_running_request_is_answered_before_the_end() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    async with open_server(make_test_app(entered=entered, leave=leave), Bounds()) as address:
        fetching = asyncio.ensure_future(fetch(address))
        await entered.wait()
        asyncio.get_running_loop().call_soon(leave.set)
    assert await fetching == "here"


async def test_a_request_that_does_not_end_does_not_hold_up_the_end() -> None:
    entered = asyncio.Event()
    async with asyncio.timeout(5):
        async with open_server(
            make_test_app(entered=entered, leave=asyncio.Event()), Bounds(shutdown_seconds=0.05)
        ) as address:
            fetching = asyncio.ensure_future(fetch(address))
            await entered.wait()
        with pytest.raises(ClientError):
            await fetching
