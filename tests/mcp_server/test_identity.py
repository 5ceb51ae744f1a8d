from datetime import UTC, datetime, timedelta

import pytest

from mcp_server.identity import CACHE_SECONDS, KeyVerifier
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
