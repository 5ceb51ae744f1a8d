"""Whatever another tenant has, and whatever of it a caller knows, the answers are those for what does not exist."""

import re
from collections.abc import Mapping

import pytest
from mcp_types import CallToolResult

from mcp_server.registry import TOOLS
from tests.mcp_server.agents import call, text_of
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCOPES = tuple(sorted({tool.scope for tool in TOOLS}))
# For each tool: real names of globex, and names that nobody has, of the same shape.
FOREIGN: Mapping[str, tuple[dict[str, object], dict[str, object]]] = {
    "search": ({"query": "zanzibar"}, {"query": "xanzibar"}),
    "fetch": ({"id": "vault/docs/secret.md"}, {"id": "xault/docs/secret.md"}),
    "docs_projects": ({"project": "vault"}, {"project": "xault"}),
    "docs_search": ({"query": "zanzibar"}, {"query": "xanzibar"}),
    "docs_list": ({"project": "vault"}, {"project": "xault"}),
    "docs_read": ({"id": "vault/docs/secret.md@v1"}, {"id": "xault/docs/secret.md@v1"}),
    "docs_outline": ({"id": "vault/docs/secret.md"}, {"id": "xault/docs/secret.md"}),
    "docs_history": ({"id": "vault/docs/secret.md"}, {"id": "xault/docs/secret.md"}),
    "docs_diff": ({"id": "vault/docs/secret.md", "from": "v1"}, {"id": "xault/docs/secret.md", "from": "v1"}),
    "docs_changes": ({"since": "r0", "project": "vault"}, {"since": "r0", "project": "xault"}),
    "docs_session": (
        {"action": "show", "session": "s-vaultvaultvaulta"},
        {"action": "show", "session": "s-xaultxaultxaulta"},
    ),
    "docs_sync": ({"project": "vault"}, {"project": "xault"}),
    "docs_lock": ({"project": "vault", "action": "show"}, {"project": "xault", "action": "show"}),
    "docs_chunks": ({"ids": ["vault/docs/secret.md@v1:L1-3"]}, {"ids": ["xault/docs/secret.md@v1:L1-3"]}),
}


def blank(result: CallToolResult) -> tuple[bool, str]:
    """Return an answer without the one letter in which the two questions differ."""
    return result.is_error, re.sub(r"[vx]ault|[xz]anzibar|untrusted-[0-9a-f]+", "_", text_of(result))


async def test_every_tool_has_its_foreign_question() -> None:
    assert set(FOREIGN) == {tool.name for tool in TOOLS}


@pytest.mark.parametrize("tool", sorted(FOREIGN))
async def test_what_another_tenant_has_is_answered_as_what_nobody_has(world: World, tool: str) -> None:
    real, absent = FOREIGN[tool]
    key, owners_key = [(await party.make_key(scopes=SCOPES))[0] for party in (world.acme, world.globex)]

    answers = [await call(world.mcp_url, key, tool, **arguments) for arguments in (real, absent)]

    assert blank(answers[0]) == blank(answers[1])
    assert "globex" not in text_of(answers[0])
    owner = await call(world.mcp_url, owners_key, tool, **real)
    assert not owner.is_error
    assert blank(owner) != blank(answers[0])


@pytest.mark.parametrize("tool", sorted(FOREIGN))
async def test_a_key_of_some_projects_is_answered_as_if_there_were_no_others(world: World, tool: str) -> None:
    notes_only, _ = await world.acme.make_key(project_ids=(world.notes.project_id,), scopes=SCOPES)
    key, _ = await world.acme.make_key(scopes=SCOPES)
    asked: dict[str, dict[str, object]] = {
        "search": {"query": "quokka"},
        "fetch": {"id": "guide/docs/setup.md"},
        "docs_projects": {"project": "guide"},
        "docs_search": {"query": "quokka"},
        "docs_list": {"project": "guide"},
        "docs_outline": {"id": "guide/docs/setup.md"},
        "docs_history": {"id": "guide/docs/setup.md"},
        "docs_diff": {"id": "guide/docs/setup.md", "from": "v1"},
        "docs_changes": {"since": "r0", "project": "guide"},
        "docs_session": {"action": "show", "session": "s-guideguideguidea"},
        "docs_read": {"id": "https://github.com/acme/docs/blob/main/docs/setup.md"},
        "docs_sync": {"project": "guide"},
        "docs_lock": {"project": "guide", "action": "show"},
        "docs_chunks": {"id": "guide/docs/setup.md@v1:L1-9"},
    }

    answer = text_of(await call(world.mcp_url, notes_only, tool, **asked[tool]))

    assert "QUOKKA" not in answer
    assert "acme/docs" not in answer.replace("github.com/acme/docs/blob/main", "")
    assert not (await call(world.mcp_url, key, tool, **asked[tool])).is_error


async def test_the_same_name_is_another_project_for_each_tenant(world: World) -> None:
    acme = text_of(await call(world.mcp_url, world.acme.api_key, "docs_read", id="guide/docs/setup.md"))
    globex = text_of(await call(world.mcp_url, world.globex.api_key, "docs_read", id="guide/docs/setup.md"))

    assert "zanzibar" not in acme
    assert "pip install" not in globex
    assert "zanzibar" in globex


async def test_a_cursor_of_another_tenant_is_refused_as_a_forged_one(world: World) -> None:
    page = text_of(await call(world.mcp_url, world.acme.api_key, "docs_search", query="wombats quokka", limit=1))
    cursor = page.rsplit('cursor="', 1)[1].split('"')[0]

    stolen = await call(world.mcp_url, world.globex.api_key, "docs_search", query="wombats quokka", cursor=cursor)
    forged = await call(world.mcp_url, world.globex.api_key, "docs_search", query="wombats quokka", cursor="AAAA")
    other = await call(world.mcp_url, world.acme.api_key, "docs_search", query="other question", cursor=cursor)
    own = await call(world.mcp_url, world.acme.api_key, "docs_search", query="wombats quokka", limit=1, cursor=cursor)

    assert stolen.is_error
    assert text_of(stolen) == text_of(forged) == text_of(other)
    assert text_of(own).split("\n")[2].startswith("2. ")


async def test_scores_do_not_depend_on_what_another_tenant_holds(world: World) -> None:
    # Both tenants hold "quokka"; if statistics were shared, the score of one tenant's only chunk would show the other's.
    globex = text_of(await call(world.mcp_url, world.globex.api_key, "docs_search", query="zanzibar", project="guide"))

    assert "score" in globex
    assert "guide/docs/secret.md" in globex
