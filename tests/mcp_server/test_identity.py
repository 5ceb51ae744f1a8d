from datetime import UTC, datetime, timedelta

import pytest
from mcp.client import Client
from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError

from mcp_server import identity
from mcp_server.feed import ChangeFeed
from mcp_server.identity import CACHE_SECONDS, Caller, KeyVerifier
from mcp_server.server import make_server
from mcp_server.streams import Streams
from syncd.adapters.postgres.standing import Standing
from syncd.settings import Settings
from tests.mcp_server.agents import text_of
from tests.mcp_server.serve import make_admission
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Clocks:
    """A wall clock and a monotonic one that a test moves together."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.started + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


async def test_a_revoked_key_ends_within_five_seconds(world: World) -> None:
    clocks = Clocks()
    verifier = KeyVerifier(world.acme.mirror.read_pool, now=clocks.now, monotonic=clocks.monotonic)
    key, key_id = await world.acme.make_key()
    caller = await verifier.find_caller(key)
    assert caller is not None
    assert caller.tenant_id == world.acme.mirror.tenant_id

    await world.acme.revoke_key(key_id)
    clocks.seconds = CACHE_SECONDS

    assert CACHE_SECONDS <= 5
    assert await verifier.find_caller(key) is None


async def test_a_key_that_expires_while_it_is_remembered_ends_at_once(world: World) -> None:
    clocks = Clocks()
    verifier = KeyVerifier(world.acme.mirror.read_pool, now=clocks.now, monotonic=clocks.monotonic)
    key, _ = await world.acme.make_key(expires_at=clocks.started + timedelta(seconds=1))
    assert await verifier.find_caller(key) is not None

    clocks.seconds = 1

    assert await verifier.find_caller(key) is None


async def test_a_refusal_is_remembered_no_longer_than_an_acceptance(world: World) -> None:
    clocks = Clocks()
    verifier = KeyVerifier(world.acme.mirror.read_pool, now=clocks.now, monotonic=clocks.monotonic)
    key, _ = await world.acme.make_key(expires_at=clocks.started - timedelta(seconds=1))

    assert await verifier.find_caller(key) is None
    assert await verifier.find_caller(key) is None
    assert await verifier.find_caller("nonsense") is None


async def test_no_more_keys_are_remembered_than_fit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "CACHED_KEYS", 1)
    clocks = Clocks()
    verifier = KeyVerifier(world.acme.mirror.read_pool, now=clocks.now, monotonic=clocks.monotonic)
    first, first_id = await world.acme.make_key()
    assert await verifier.find_caller(first) is not None

    await world.acme.revoke_key(first_id)
    assert await verifier.find_caller(first) is not None
    assert await verifier.find_caller(world.acme.api_key) is not None

    # It was forgotten for the other's sake, so the database is asked again.
    assert await verifier.find_caller(first) is None


@pytest.mark.parametrize("scopes", [None, ("docs:sync",)])
async def test_every_call_asks_who_calls_so_that_an_open_connection_ends_with_its_key(
    world: World, scopes: tuple[str, ...] | None
) -> None:
    caller = None
    if scopes is not None:
        caller = Caller(world.acme.mirror.tenant_id, "a" * 12, frozenset(scopes), None, None)

    async def identify(_: ServerRequestContext) -> Caller | None:
        return caller

    pool = world.acme.mirror.read_pool
    server = await make_server(
        pool,
        Standing(pool, seconds=10),
        ChangeFeed(pool, Streams()),
        admission=make_admission(identify, pool),
        identify_again=identify,
        installation_key=b"k" * 32,
        settings=Settings(_env_file=None, env="test"),
    )
    async with Client(server) as client:
        answer = await client.call_tool("docs_projects", {})
        with pytest.raises(MCPError, match="unknown, revoked, expired or lacks docs:read"):
            await client.read_resource("doc://guide/docs/setup.md")

    assert answer.is_error
    assert "unknown, revoked, expired or lacks docs:read" in text_of(answer)
