"""What one statement answers is what the handler in a transaction of its own would have answered."""

from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from mcp_server.answers import Answer
from mcp_server.calls import Asker, Call, Later, SessionRules
from mcp_server.identity import Caller
from mcp_server.registry import TOOLS
from syncd.adapters.postgres.connections import Pool, open_pool
from syncd.adapters.postgres.reading.projects import list_projects
from syncd.adapters.postgres.standing import open_standing
from syncd.adapters.postgres.transactions import reading
from syncd.core.cursors import CursorSealer
from syncd.core.ids import ProjectId
from syncd.core.permalinks import GITHUB_URL
from syncd.errors import SyncdError
from tests.mcp_server.worlds import Party, World

RULES = SessionRules(timedelta(days=1), 10, 10)
TOOLS_AT_ONCE = {tool.name: tool for tool in TOOLS if tool.at_once is not None}
EXACT = (
    "guide/docs/setup.md",
    "/guide/docs/setup.md",
    "doc://guide/docs/setup.md",
    "guide/docs/setup.md@v1",
    "guide/docs/setup.md@v1:L3-9",
    "guide/docs/setup.md:L3-9",
    "guide/docs/setup.md#L3-L9",
    "guide/docs/setup.md#the-port",
    "guide/docs/setup.md@v1#the-port",
    "guide/docs/odd#name.md",
    "guide/docs/odd#name.md#odd",
    "guide/docs/long.md",
    "guide/docs/long.md#part-7",
    "guide/docs/one-line.txt",
    "guide/docs/one-line.txt@v1:C10-400",
    "guide/docs/empty.md",
    "guide/docs/hidden.md",
    "guide/docs/deep/er/api.rst",
    "notes/todo.txt",
)
# Understood otherwise, or not there: a statement for exact ids says nothing of them.
OTHERS = (
    "guide/docs/setup",
    "GUIDE/docs/setup.md",
    "guide/setup.md",
    "guide/docs",
    "guide",
    "guide/",
    "guide/docs/setup.md@v9",
    "guide/docs/setup.md#no-such-section",
    "nowhere/docs/setup.md",
    "vault/docs/secret.md",
    "https://github.com/acme/docs/blob/main/docs/setup.md",
    "",
)
# Errors of an exact id come from both.
WRONG = ("guide/docs/setup.md:L900", "guide/docs/one-line.txt@v1:C999999-999999")


FURTHER = (
    {"section": "The log"},
    {"section": "nothing like it"},
    {"lines": "2-4"},
    {"lines": "3-"},
    {"lines": "900"},
    {"max_chars": 200},
    {"section": "Configure", "max_chars": 200},
    {"if_version": 1},
    {"if_version": 2},
)


async def answer(asking: Awaitable[Answer | Later | None]) -> Answer | Later | tuple[str, str] | None:
    """Return an answer, or what was said instead."""
    try:
        return await asking
    except SyncdError as error:
        return error.code, f"{error.message} {error.hint}"


@pytest_asyncio.fixture
async def pool(world: World) -> AsyncIterator[Pool]:
    async with open_pool(world.database.read_url, size=2) as opened:
        yield opened


async def ask(
    pool: Pool, party: Party, tool: str, *, allowed: frozenset[ProjectId] | None = None, **arguments: object
) -> tuple[object, object]:
    """Return what a tool answers at once, and what it answers in a transaction of its own."""
    chosen = TOOLS_AT_ONCE[tool]
    assert chosen.at_once is not None
    caller = Caller(party.mirror.tenant_id, party.key_id, frozenset({"docs:read"}), allowed, None)
    checked = chosen.arguments.model_validate(arguments)
    async with open_standing(pool, seconds=10) as standing:
        at_once = await answer(chosen.at_once(Asker(caller, standing, GITHUB_URL), checked))
    async with reading(pool, caller.tenant_id) as connection:
        projects = await list_projects(connection, allowed=allowed)
        call = Call(caller, connection, projects, CursorSealer(b"k"), datetime.now(UTC), pool, RULES)
        return at_once, await answer(chosen.handler(call, checked))


@pytest.mark.parametrize("tool", sorted(TOOLS_AT_ONCE))
async def test_an_exact_id_is_answered_at_once_and_as_ever(world: World, pool: Pool, tool: str) -> None:
    for name in (*EXACT, *WRONG):
        at_once, as_ever = await ask(pool, world.acme, tool, id=name)
        assert at_once == as_ever, name
        assert at_once is not None, name


@pytest.mark.parametrize("tool", sorted(TOOLS_AT_ONCE))
async def test_any_other_id_is_left_to_the_transaction(world: World, pool: Pool, tool: str) -> None:
    for name in OTHERS:
        at_once, _ = await ask(pool, world.acme, tool, id=name)
        assert at_once is None, name


async def test_whatever_part_is_wanted_is_the_same(world: World, pool: Pool) -> None:
    for name in ("guide/docs/setup.md", "guide/docs/setup.md@v1#the-port", "guide/docs/long.md", "guide/docs/empty.md"):
        for further in FURTHER:
            at_once, as_ever = await ask(pool, world.acme, "docs_read", id=name, **further)
            # What no heading is called may be a label, which the transaction looks for.
            unlisted = isinstance(as_ever, tuple) and as_ever[0] == "section_not_found"
            assert at_once == (None if unlisted else as_ever), (name, further)
            assert as_ever is not None, (name, further)


async def test_an_earlier_state_is_left_to_the_transaction(world: World, pool: Pool) -> None:
    at_once, as_ever = await ask(pool, world.acme, "docs_read", id="guide/docs/setup.md", at="r1")
    assert at_once is None
    assert as_ever is not None


async def test_a_project_that_the_key_does_not_open_is_not_read(world: World, pool: Pool) -> None:
    allowed = frozenset({world.notes.project_id})
    at_once, as_ever = await ask(pool, world.acme, "docs_read", id="guide/docs/setup.md", allowed=allowed)
    assert at_once is None
    assert isinstance(as_ever, tuple)
    at_once, as_ever = await ask(pool, world.acme, "docs_read", id="notes/todo.txt", allowed=allowed)
    assert at_once == as_ever


async def test_the_tenant_of_a_statement_is_gone_after_it(world: World, pool: Pool) -> None:
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            "select name from read_document($1, null, 'guide', array['docs/setup.md'], array[null::integer], false, 9)",
            world.acme.mirror.tenant_id,
        )
        assert [row["name"] for row in rows] == ["guide"]
        assert await connection.fetchval("select current_tenant()") is None
        assert await connection.fetchval("select count(*) from projects") == 0
