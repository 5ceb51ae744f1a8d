"""Completions while a person types, and prompts that come with what the docs say."""

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from mcp_server import completions
from mcp_server.resources import TEMPLATES
from tests.mcp_server.agents import open_agent
from tests.mcp_server.worlds import ACME_FILES, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def complete(
    world: World, name: str, typed: str, *, key: str | None = None, **known: str
) -> tuple[list[str], int | None]:
    async with open_agent(world.mcp_url, key or world.acme.api_key) as agent:
        answer = await agent.complete(
            ResourceTemplateReference(uri=TEMPLATES[0].uri_template), {"name": name, "value": typed}, known or None
        )
    return answer.completion.values, answer.completion.total


async def test_projects_paths_versions_and_headings_are_completed(world: World) -> None:
    assert (await complete(world, "project", ""))[0] == ["guide", "notes"]
    assert (await complete(world, "project", "GU"))[0] == ["guide"]
    assert (await complete(world, "path", "docs/s", project="guide"))[0][0] == "docs/setup.md"
    assert (await complete(world, "path", "api", project="guide"))[0] == ["docs/deep/er/api.rst"]
    assert (await complete(world, "version", "", project="guide", path="docs/setup.md"))[0] == ["1"]
    headings = (await complete(world, "heading", "the", project="guide", path="docs/setup.md"))[0]
    assert headings[:2] == ["the-port", "the-log"]
    assert (await complete(world, "since", "", project="guide"))[0] == ["r1"]


@pytest.mark.parametrize(
    ("name", "typed", "known"),
    [
        ("path", "", {}),
        ("path", "", {"project": "vault"}),
        ("path", "\x00", {"project": "guide"}),
        ("path", "x" * 3000, {"project": "guide"}),
        ("version", "", {"project": "guide", "path": "nowhere.md"}),
        ("heading", "", {"project": "guide"}),
        ("colour", "r", {"project": "guide"}),
    ],
)
async def test_what_cannot_be_completed_has_no_values(
    world: World, name: str, typed: str, known: dict[str, str]
) -> None:
    assert await complete(world, name, typed, **known) == ([], 0)


async def test_nothing_of_another_tenant_or_project_is_completed(world: World) -> None:
    notes_only, _ = await world.acme.make_key(project_ids=(world.notes.project_id,))

    assert (await complete(world, "path", "docs/sec", project="guide"))[0] == []
    assert (await complete(world, "project", "", key=notes_only))[0] == ["notes"]
    # With one project in view it need not be named.
    assert (await complete(world, "path", "", key=notes_only))[0] == ["todo.txt"]


async def test_at_most_so_many_values_are_given_and_the_rest_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completions, "MAX_VALUES", 3)
    async with open_agent(world.mcp_url, world.acme.api_key) as agent:
        reference = PromptReference(name="answer_from_docs")
        answer = await agent.complete(reference, {"name": "project", "value": ""})
        paths = await agent.complete(
            ResourceTemplateReference(uri=TEMPLATES[0].uri_template),
            {"name": "path", "value": ""},
            {"project": "guide"},
        )

    assert (answer.completion.values, answer.completion.has_more) == (["guide", "notes"], False)
    assert (len(paths.completion.values), paths.completion.total) == (3, len(ACME_FILES))
    assert paths.completion.has_more


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
async def test_a_prompt_comes_with_what_the_docs_say(world: World, mode: str) -> None:
    async with open_agent(world.mcp_url, world.acme.api_key, mode=mode) as agent:
        listed = (await agent.list_prompts()).prompts
        answered = await agent.get_prompt("answer_from_docs", {"question": "Which port does quokka use?"})
        changed = await agent.get_prompt("what_changed", {"since": "r0", "project": "guide"})

    assert [prompt.name for prompt in listed] == ["answer_from_docs", "what_changed"]
    (question,) = answered.messages
    assert question.content.type == "text"
    assert "Which port does quokka use?" in question.content.text
    assert "guide/docs/setup.md@v1" in question.content.text
    assert "<untrusted-" in question.content.text
    (change,) = changed.messages
    assert change.content.type == "text"
    assert '"change":"added"' in change.content.text


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("answer", {}, "Prompts: answer_from_docs, what_changed"),
        ("answer_from_docs", {}, "question is required"),
        ("answer_from_docs", {"question": "x", "projct": "guide"}, "did you mean 'project'"),
        ("what_changed", {"since": "r1"}, "Name the project"),
        ("what_changed", {"since": "r1", "project": "vault"}, "no project 'vault'"),
    ],
)
async def test_a_wrong_prompt_is_answered_in_words(
    world: World, name: str, arguments: dict[str, str], said: str
) -> None:
    async with open_agent(world.mcp_url, world.acme.api_key) as agent:
        with pytest.raises(MCPError, match=said):
            await agent.get_prompt(name, arguments)
