"""resources/subscribe over a pipe: the clients of the handshake protocols hear of what changes, as long as their key is good."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceUpdatedNotification

from mcp_server import streams
from mcp_server.feed import open_feed
from mcp_server.identity import Caller
from mcp_server.piped import offering_subscriptions
from mcp_server.server import make_server
from syncd.adapters.postgres.standing import Standing
from syncd.settings import Settings
from tests.databases import Database
from tests.mcp_server.agents import open_agent
from tests.mcp_server.serve import make_admission, serving
from tests.mcp_server.test_cli import make_environment
from tests.mcp_server.test_subscriptions import FILES
from tests.mcp_server.worlds import Party, make_party
from tests.mirror import Mirror

# The newest protocol has no such subscriptions: what the SDK warns of is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")

DEADLINE_SECONDS = 5


@dataclass(slots=True)
class Ear:
    """What a client is told outside of its requests."""

    heard: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def __call__(self, message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            self.heard.put_nowait(message.params.uri)

    async def hear(self, count: int) -> set[str]:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return {await self.heard.get() for _ in range(count)}


@dataclass(slots=True)
class Pipe:
    """A server whose one client is in this process. *caller* is whose the pipe is; *refused*: it was asked and is nobody's."""

    client: Client
    ear: Ear
    caller: Caller | None
    refused: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def open_pipe(party: Party, database: Database) -> AsyncIterator[Pipe]:
    pool = party.mirror.read_pool
    caller = Caller(party.mirror.tenant_id, party.key_id, frozenset({"docs:read"}), None, None)

    async def identify(_: ServerRequestContext) -> Caller | None:
        if pipe.caller is None:
            pipe.refused.set()
        return pipe.caller

    async with open_feed(pool, database.read_url) as feed:
        server = await make_server(
            pool,
            Standing(pool, seconds=10),
            feed,
            admission=make_admission(identify, pool),
            identify_again=identify,
            installation_key=b"k" * 32,
            settings=Settings(_env_file=None, env="test"),
        )
        ear = Ear()
        async with (
            offering_subscriptions(server, pool, feed, identify=identify),
            Client(server, mode="legacy", message_handler=ear) as client,
        ):
            pipe = Pipe(client, ear, caller)
            yield pipe


async def test_over_stdio_a_client_of_the_handshake_hears_of_what_it_subscribed_to(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    party = await make_party(mirror, tmp_path)
    project = await party.add_project("guide", FILES)
    environment = make_environment(database, SYNCD_API_KEY=party.api_key)
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "mcp_server", "stdio"], env=environment, cwd=tmp_path
    )
    ear = Ear()
    with (tmp_path / "log").open("w") as log:
        async with Client(stdio_client(server, errlog=log), mode="legacy", message_handler=ear) as client:
            offered = client.server_capabilities.resources
            await client.subscribe_resource("doc://guide/docs/")
            await party.publish(project, {"docs/a.md": "# A\n\nsecond\n", "other/d.md": "# D\n\nsecond\n"})
            assert await ear.hear(1) == {"doc://guide/docs/a.md"}
    assert offered is not None
    assert offered.subscribe is True


async def test_over_http_nothing_is_offered_that_cannot_be_kept(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    party = await make_party(mirror, tmp_path)
    async with serving(database.read_url) as origin, open_agent(origin, party.api_key, mode="legacy") as agent:
        offered = agent.server_capabilities.resources
        assert offered is not None
        assert not offered.subscribe
        with pytest.raises(MCPError, match="Method not found"):
            await agent.subscribe_resource("doc://guide/docs/a.md")


async def test_what_is_unsubscribed_is_not_told_any_more(mirror: Mirror, database: Database, tmp_path: Path) -> None:
    party = await make_party(mirror, tmp_path)
    project = await party.add_project("guide", FILES)
    async with open_pipe(party, database) as pipe:
        for uri in ("doc://guide/docs/a.md", "doc://guide/docs/deep/", "doc://guide/docs/deep/"):
            await pipe.client.subscribe_resource(uri)
        await pipe.client.unsubscribe_resource("doc://guide/docs/a.md")
        await pipe.client.unsubscribe_resource("doc://never/subscribed")
        await party.publish(project, {"docs/a.md": "# A\n\nsecond\n", "docs/deep/c.md": "# C\n\nsecond\n"})
        assert await pipe.ear.hear(1) == {"doc://guide/docs/deep/c.md"}
        assert pipe.ear.heard.empty()


async def test_a_client_that_missed_something_is_told_to_look_at_everything(
    mirror: Mirror, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MAX_WAITING_EVENTS", 2)
    party = await make_party(mirror, tmp_path)
    project = await party.add_project("guide", FILES)
    async with open_pipe(party, database) as pipe:
        for uri in ("doc://guide", "doc://guide/other/d.md"):
            await pipe.client.subscribe_resource(uri)
        await party.publish(project, {path: f"{text}more\n" for path, text in FILES.items()})
        assert await pipe.ear.hear(2) == {"doc://guide", "doc://guide/other/d.md"}
        # And goes on hearing.
        await party.publish(project, {"docs/a.md": "# A\n\nthird\n"})
        assert await pipe.ear.hear(1) == {"doc://guide/docs/a.md"}


async def test_whose_key_has_ended_hears_nothing_and_subscribes_to_nothing(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    party = await make_party(mirror, tmp_path)
    project = await party.add_project("guide", FILES)
    async with open_pipe(party, database) as pipe:
        caller = pipe.caller
        await pipe.client.subscribe_resource("doc://guide")
        pipe.caller = None
        with pytest.raises(MCPError, match="unknown, revoked, expired"):
            await pipe.client.subscribe_resource("doc://guide")
        pipe.refused.clear()
        await party.publish(project, {"docs/a.md": "# A\n\nsecond\n"})
        async with asyncio.timeout(DEADLINE_SECONDS):
            await pipe.refused.wait()
        pipe.caller = caller
        await pipe.client.subscribe_resource("doc://guide/docs/b.md")
        await party.publish(project, {"docs/a.md": "# A\n\nthird\n", "docs/b.md": "# B\n\nsecond\n"})
        assert await pipe.ear.hear(1) == {"doc://guide/docs/b.md"}


@pytest.mark.parametrize("uri", ["https://example.org/", "doc://", f"doc://guide/{'x' * 3_000}"])
async def test_what_is_none_of_ours_cannot_be_subscribed_to(
    mirror: Mirror, database: Database, tmp_path: Path, uri: str
) -> None:
    party = await make_party(mirror, tmp_path)
    async with open_pipe(party, database) as pipe:
        with pytest.raises(MCPError, match="Subscribe to doc://project/path"):
            await pipe.client.subscribe_resource(uri)


async def test_a_client_subscribes_to_no_more_than_the_limit(
    mirror: Mirror, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_server.piped.MAX_URIS", 1)
    party = await make_party(mirror, tmp_path)
    async with open_pipe(party, database) as pipe:
        await pipe.client.subscribe_resource("doc://guide")
        await pipe.client.subscribe_resource("doc://guide")
        with pytest.raises(MCPError, match="At most 1 subscriptions"):
            await pipe.client.subscribe_resource("doc://notes")
