"""A database that cannot be used is said in one sentence, with what to do, and never with its password."""

import asyncio

import pytest

from syncd.adapters.postgres import connections
from syncd.adapters.postgres.connections import open_connection, open_pool
from syncd.adapters.postgres.roles import Login, get_server, make_login_url, parse_login
from syncd.errors import BadUsage, Rejected, Stalled, SyncdError, Unreachable
from tests.databases import Database, name_database, run_statement

SECRET = "hush-hush"


async def refuse(url: str) -> SyncdError:
    """Return the error that both ways of connecting to *url* raise."""
    with pytest.raises(SyncdError) as pooled:
        async with open_pool(url, size=1):
            pytest.fail("the pool was opened")
    with pytest.raises(SyncdError) as refused:
        async with open_connection(url):
            pytest.fail("the connection was opened")
    assert (type(pooled.value), pooled.value.code) == (type(refused.value), refused.value.code)
    assert SECRET not in refused.value.message + refused.value.hint
    assert refused.value.hint
    return refused.value


async def test_a_wrong_password_is_said(database: Database) -> None:
    error = await refuse(make_login_url(database.read_url, Login("test_read", SECRET, "syncd_read")))
    assert isinstance(error, Rejected)
    assert error.code == "database_password_refused"


async def test_an_unknown_user_is_said(database: Database) -> None:
    error = await refuse(make_login_url(database.read_url, Login("nobody", SECRET, "syncd_read")))
    assert error.code == "database_password_refused"


async def test_a_missing_database_is_said(database: Database) -> None:
    error = await refuse(name_database(database.migrator_url, "nowhere"))
    assert error.code == "database_missing"
    assert "nowhere" in error.message


@pytest.mark.parametrize(
    "url", [f"mysql://me:{SECRET}@localhost/x", f"postgresql://me:{SECRET}@localhost:port/x", "nonsense"]
)
async def test_an_unreadable_url_is_said(url: str) -> None:
    error = await refuse(url)
    assert isinstance(error, BadUsage)
    assert error.code == "database_url_invalid"


async def test_a_server_that_is_not_there_is_said(closed_port: int) -> None:
    error = await refuse(f"postgresql://me:{SECRET}@127.0.0.1:{closed_port}/x")
    assert isinstance(error, Unreachable)
    assert f"127.0.0.1:{closed_port}/x" in error.message


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 0.1)
    streams = []
    server = await asyncio.start_server(lambda _, writer: streams.append(writer), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await refuse(f"postgresql://me:{SECRET}@127.0.0.1:{port}/x")
        for stream in streams:
            stream.close()
    assert error.code == "database_unreachable"


async def test_a_full_server_is_said(database: Database) -> None:
    await run_statement(database.migrator_url, "create role crowded login password 'crowded' connection limit 0")
    try:
        error = await refuse(make_login_url(database.migrator_url, Login("crowded", "crowded", "")))
    finally:
        await run_statement(database.migrator_url, "drop role crowded")
    assert isinstance(error, Unreachable)
    assert error.code == "database_busy"


async def test_an_old_server_is_said(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "OLDEST_VERSION", 990000)
    error = await refuse(database.read_url)
    assert isinstance(error, Stalled)
    assert error.code == "database_too_old"


async def test_a_login_knows_its_server(database: Database) -> None:
    async with open_connection(database.migrator_url) as connection:
        assert (await get_server(connection)).creates_roles
    async with open_connection(database.read_url) as connection:
        server = await get_server(connection)
    assert not server.creates_roles
    assert server.version_number >= 150000
    assert database.read_url.partition("?")[0].endswith(server.database)


def test_a_login_survives_being_put_into_a_url() -> None:
    login = Login("a b@c", "p:/?#%é", "syncd_read")
    url = make_login_url("postgresql://old:older@h:1/d?host=/run&x=1", login)
    assert parse_login(url, "syncd_read") == login
    assert url.endswith("@h:1/d?host=/run&x=1")
    assert "p:/?#" not in repr(login)


@pytest.mark.parametrize("url", ["postgresql://h/d", "postgresql://me@h/d"])
def test_a_url_without_a_login_is_refused(url: str) -> None:
    with pytest.raises(BadUsage, match="names no user or no password"):
        parse_login(url, "syncd_read")
