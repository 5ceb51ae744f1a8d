"""Documents as resources: listed page by page, read by URI, and kept by clients only as long as that is honest."""

from datetime import UTC, datetime, timedelta

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import TextResourceContents

from mcp_server import resources
from mcp_server.resources import PINNED_TTL_MS
from syncd.adapters.postgres.connections import open_connection
from tests.mcp_server.agents import open_agent
from tests.mcp_server.worlds import ACME_FILES, SETUP, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
async def test_every_document_is_listed_once_page_by_page_and_can_be_read(
    world: World, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "PAGE", 4)
    listed: list[str] = []
    async with open_agent(world.mcp_url, world.acme.api_key, mode=mode) as agent:
        cursor = None
        while True:
            page = await agent.list_resources(cursor=cursor)
            assert len(page.resources) <= 4
            listed += [resource.uri for resource in page.resources]
            cursor = page.next_cursor
            if cursor is None:
                break
        for uri in listed:
            (contents,) = (await agent.read_resource(uri)).contents
            assert contents.uri == uri

    wanted = [f"doc://guide/{path.replace('#', '%23')}" for path in sorted(ACME_FILES)]
    assert listed == [*wanted, "doc://notes/todo.txt"]


async def test_a_resource_says_where_it_is_from_and_passes_the_gate(world: World) -> None:
    async with open_agent(world.mcp_url, world.acme.api_key) as agent:
        (contents,) = (await agent.read_resource("doc://guide/docs/setup.md")).contents
        (hidden,) = (await agent.read_resource("doc://guide/docs/hidden.md")).contents
        (section,) = (await agent.read_resource("doc://guide/docs/setup.md#the-log")).contents

    assert isinstance(contents, TextResourceContents)
    assert isinstance(hidden, TextResourceContents)
    assert isinstance(section, TextResourceContents)
    assert contents.mime_type == "text/markdown"
    assert SETUP in contents.text
    assert contents.text.startswith("guide · r1 · commit ")
    assert "<untrusted-" in contents.text
    assert contents.meta is not None
    assert (contents.meta["commit"], contents.meta["version"]) == (world.guide.synced_commit, 1)
    assert "\u202e" not in hidden.text
    assert "standard error" in section.text
    assert "pip install" not in section.text


async def test_a_version_may_be_kept_for_good_and_what_is_current_until_the_next_look(world: World) -> None:
    async with open_agent(world.mcp_url, world.acme.api_key) as agent:
        pinned = await agent.read_resource("doc://guide/docs/setup.md@v1")
        fresh = await agent.read_resource("doc://guide/docs/setup.md")
        await _set_state(world, "ready", datetime.now(UTC) - timedelta(hours=1))
        overdue = await agent.read_resource("doc://guide/docs/setup.md", cache_mode="refresh")
        await _set_state(world, "syncing", datetime.now(UTC))
        changing = await agent.read_resource("doc://guide/docs/setup.md", cache_mode="refresh")
        await _set_state(world, "ready", world.guide.checked_at)
        listed = await agent.list_resources()
        templates = await agent.list_resource_templates()

    assert (pinned.ttl_ms, pinned.cache_scope) == (PINNED_TTL_MS, "private")
    assert fresh.ttl_ms <= 60_000
    assert (overdue.ttl_ms, changing.ttl_ms) == (0, 0)
    assert {fresh.cache_scope, overdue.cache_scope, listed.cache_scope} == {"private"}
    assert templates.cache_scope == "public"


async def _set_state(world: World, condition: str, checked_at: datetime | None) -> None:
    async with open_connection(world.database.migrator_url) as connection:
        await connection.execute(
            "update syncd.projects set condition = $1, checked_at = $2 where project_id = $3",
            condition,
            checked_at,
            world.guide.project_id,
        )


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("doc://guide/docs/setpu.md", "Did you mean: guide/docs/setup.md"),
        ("doc://vault/docs/secret.md", "There is no project 'vault'"),
        ("doc://guide", "names a project and no document"),
        ("file:///etc/passwd", "There is no resource"),
        ("doc://guide/\x00", "There is no resource"),
        ("doc://guide/" + "x" * 3000, "There is no resource"),
    ],
)
async def test_an_absent_resource_is_answered_by_what_there_is(world: World, uri: str, said: str) -> None:
    async with open_agent(world.mcp_url, world.acme.api_key) as agent:
        with pytest.raises(MCPError, match=said) as raised:
            await agent.read_resource(uri)

    assert raised.value.error.code == -32602
    assert raised.value.error.data == ({"uri": uri.replace("\x00", "␀")} if len(uri) < 1_000 else None)


async def test_a_cursor_of_another_tenant_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "PAGE", 1)
    async with (
        open_agent(world.mcp_url, world.acme.api_key) as acme,
        open_agent(world.mcp_url, world.globex.api_key) as globex,
    ):
        page = await acme.list_resources()
        with pytest.raises(MCPError, match="does not belong to this call"):
            await globex.list_resources(cursor=page.next_cursor)
