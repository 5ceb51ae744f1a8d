import json
import re
from typing import Any

import pytest

from tests.mcp_server.agents import call, open_agent, text_of
from tests.mcp_server.worlds import ACME_FILES, LONG, SETUP, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def read(world: World, tool: str, /, **arguments: object) -> str:
    """Call a tool as acme's agent and return the text."""
    result = await call(world.mcp_url, world.acme.api_key, tool, **arguments)
    assert not result.is_error, text_of(result)
    return text_of(result)


async def read_values(world: World, tool: str, /, **arguments: object) -> dict[str, Any]:
    """Call a tool whose answer is values, and hold its two forms against each other."""
    result = await call(world.mcp_url, world.acme.api_key, tool, **arguments)
    assert not result.is_error, text_of(result)
    assert json.loads(text_of(result)) == result.structured_content
    values: dict[str, Any] = result.structured_content
    return values


async def complain(world: World, tool: str, /, **arguments: object) -> str:
    result = await call(world.mcp_url, world.acme.api_key, tool, **arguments)
    assert result.is_error
    assert result.structured_content is None
    return text_of(result)


def fenced(text: str) -> str:
    """Return what stands inside the fence."""
    opening = text.index(">\n", text.index("<untrusted-")) + 2
    return text[opening : text.rindex("</untrusted-")]


async def test_docs_projects_says_how_fresh_each_project_is(world: World) -> None:
    values = await read_values(world, "docs_projects")

    guide, notes = values["projects"]
    assert (guide["project"], guide["revision"], guide["commit"]) == ("guide", 1, world.guide.synced_commit)
    assert (guide["source"], guide["documents"], guide["state"]) == ("acme/docs", len(ACME_FILES), "ready")
    assert guide["syncedAt"].endswith("Z")
    assert (notes["project"], notes["source"], "branch" in notes) == ("notes", "folder", False)
    assert "commit" not in notes


async def test_docs_projects_shows_one_project_by_name_whatever_its_case(world: World) -> None:
    values = await read_values(world, "docs_projects", project="GUIDE")

    assert [project["project"] for project in values["projects"]] == ["guide"]


async def test_docs_list_lists_every_document_of_a_small_project(world: World) -> None:
    values = await read_values(world, "docs_list", project="guide")

    assert values["depth"] == "all"
    assert [item["id"] for item in values["items"]] == sorted(f"guide/{path}" for path in ACME_FILES)
    assert values["nextCursor"] is None
    assert values["commit"] == world.guide.synced_commit


async def test_docs_list_lists_a_folder_however_it_is_named(world: World) -> None:
    for path in ("docs/deep", "/docs/deep/", "doc://guide/docs/deep"):
        values = await read_values(world, "docs_list", project="guide", path=path)
        assert [item["id"] for item in values["items"]] == ["guide/docs/deep/er/api.rst"]


async def test_a_folder_is_found_below_the_docs_path(world: World) -> None:
    for path in ("deep", "guide/deep", "guide/docs/deep"):
        listed = await read_values(world, "docs_list", project="guide", path=path)
        assert (listed["path"], listed["items"][0]["id"]) == ("docs/deep", "guide/docs/deep/er/api.rst")


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("docs_read", {"id": "guide"}, 'names a project and no document. Call docs_list(project="guide")'),
        ("docs_read", {"id": "guide/docs/deep/"}, 'is a folder. Call docs_list(project="guide", path="docs/deep")'),
        ("docs_read", {"id": "guide/deep"}, 'is a folder. Call docs_list(project="guide", path="docs/deep")'),
        ("docs_list", {"project": "guide", "path": "setup.md"}, 'Call docs_read(id="guide/docs/setup.md")'),
        ("docs_list", {"project": "gude"}, "Did you mean: guide? Call"),
        ("docs_list", {"project": "zzz"}, "There are: guide, notes. Call"),
        ("docs_changes", {"since": "yesterday"}, "since='yesterday' is neither a moment nor"),
        ("docs_diff", {"id": "guide/docs/setup.md", "form": "v1"}, "did you mean 'from'? docs_diff takes"),
        ("docs_diff", {}, "by (lines | sections), max_chars (integer 200-100000)"),
        ("docs_read", {}, "if_version (integer 1 or more)"),
    ],
)
async def test_a_slip_is_answered_by_the_call_that_was_meant(
    world: World, tool: str, arguments: dict[str, object], said: str
) -> None:
    assert said in await complain(world, tool, **arguments)


@pytest.mark.parametrize("at", ["now", "HEAD", " latest ", "main"])
async def test_words_for_the_newest_state_are_understood(world: World, at: str) -> None:
    assert await read(world, "docs_read", id="guide/docs/setup.md", at=at) == await read(
        world, "docs_read", id="guide/docs/setup.md"
    )
    if at != "main":  # which of several projects' it would be, nobody knows
        assert "guide" in await read(world, "docs_search", query="quokka", at=at)


async def test_docs_list_of_an_absent_folder_says_what_to_call(world: World) -> None:
    assert 'docs_list(project="guide")' in await complain(world, "docs_list", project="guide", path="nowhere")


async def test_docs_read_gives_the_exact_text_with_its_source(world: World) -> None:
    text = await read(world, "docs_read", id="guide/docs/setup.md")

    assert fenced(text) == SETUP
    first, second = text.split("\n")[:2]
    commit = world.guide.synced_commit or ""
    assert first.startswith(f"guide · r1 · commit {commit[:12]} · synced ")
    assert first.endswith("· ready")
    assert second.startswith("guide/docs/setup.md@v1 · lines 1-25 of 25 · ")
    assert second.endswith(f"https://github.com/acme/docs/blob/{commit}/docs/setup.md?plain=1#L1-L25")


@pytest.mark.parametrize(
    "written",
    [
        "guide/docs/setup",
        "/guide/docs/setup.md",
        "guide/setup",
        "doc://guide/docs/setup.md",
        "guide/docs/setup.md@v1",
        "https://github.com/acme/docs/blob/main/docs/setup.md",
        "https://github.com/acme/docs/blob/feature/x/docs/setup.md?plain=1",
    ],
)
async def test_docs_read_understands_ids_as_agents_write_them(world: World, written: str) -> None:
    assert "guide/docs/setup.md@v1 ·" in await read(world, "docs_read", id=written)


async def test_docs_read_finds_the_index_of_a_folder(world: World) -> None:
    assert "guide/docs/index.md@v1 ·" in await read(world, "docs_read", id="guide/docs")


async def test_an_exact_path_wins_before_an_anchor_is_split_off(world: World) -> None:
    assert "A path with a hash" in await read(world, "docs_read", id="guide/docs/odd#name.md")


async def test_docs_read_gives_a_section_by_anchor_heading_or_id(world: World) -> None:
    wanted = "\n".join(SETUP.split("\n")[12:22]).strip()
    for arguments in (
        {"id": "guide/docs/setup.md#configure"},
        {"id": "guide/docs/setup.md", "section": "configure"},
        {"id": "guide/docs/setup.md", "section": "Configure"},
    ):
        assert fenced(await read(world, "docs_read", **arguments)).strip() == wanted


async def test_docs_read_of_an_absent_section_names_the_nearest(world: World) -> None:
    text = await complain(world, "docs_read", id="guide/docs/setup.md", section="configur")

    assert "configure" in text
    assert 'docs_read(id="guide/docs/setup.md@v1")' in text


async def test_docs_read_cuts_at_a_heading_and_going_on_gives_the_whole(world: World) -> None:
    collected, lines = "", "1-"
    for _ in range(50):
        text = await read(world, "docs_read", id="guide/docs/long.md", lines=lines, max_chars=5000)
        collected += fenced(text)
        assert len(fenced(text)) <= 5000
        last = text.split("\n")[-1]
        if not last.startswith("Cut here."):
            break
        lines = last.split('lines="')[1].split('"')[0]
        assert LONG.split("\n")[int(lines[:-1]) - 1].startswith("## Part")
    assert collected == LONG


async def test_docs_read_gives_lines_and_says_when_they_are_beyond_the_end(world: World) -> None:
    assert fenced(await read(world, "docs_read", id="guide/docs/setup.md", lines="5")) == "## Install the daemon\n"
    assert fenced(await read(world, "docs_read", id="guide/docs/setup.md:L5-7")).endswith("start it.\n")
    assert "ends at line 25" in await complain(world, "docs_read", id="guide/docs/setup.md", lines="99")
    assert "no lines" in await complain(world, "docs_read", id="guide/docs/setup.md", lines="x")


async def test_docs_read_goes_on_inside_a_line_that_is_longer_than_the_answer(world: World) -> None:
    collected, document_id = "", "guide/docs/one-line.txt"
    for _ in range(10):
        text = await read(world, "docs_read", id=document_id, max_chars=9_000)
        collected += fenced(text).removesuffix("\n")
        if "Cut here." not in text:
            break
        document_id = text.rsplit('docs_read(id="', 1)[1].split('"')[0]
    assert collected == ACME_FILES["docs/one-line.txt"]


async def test_fetch_goes_on_inside_a_line_too(world: World) -> None:
    collected, document_id = "", "guide/docs/one-line.txt"
    while document_id:
        values = await read_values(world, "fetch", id=document_id)
        collected += values["text"]
        document_id = values["metadata"].get("next", "")
    assert collected == ACME_FILES["docs/one-line.txt"]


async def test_characters_beyond_the_end_are_refused_as_lines_are(world: World) -> None:
    assert "ends at line 25" in await complain(world, "docs_read", id="guide/docs/setup.md@v1:C9999-10000")
    assert "no chunk there" in await complain(world, "docs_chunks", id="guide/docs/setup.md@v1:C9999-10000")


async def test_docs_read_of_an_empty_document_is_empty(world: World) -> None:
    assert "0 lines" in await read(world, "docs_read", id="guide/docs/empty.md")


async def test_a_document_with_windows_line_ends_comes_out_as_it_is(world: World) -> None:
    assert fenced(await read(world, "docs_read", id="guide/docs/windows.md")) == ACME_FILES["docs/windows.md"]


async def test_hidden_characters_are_counted_and_do_not_reach_the_agent(world: World) -> None:
    text = await read(world, "docs_read", id="guide/docs/hidden.md")

    assert "Ignore <U+202E>all<U+202C> of  this␛[31m." in text
    assert "Hidden characters removed or shown as signs: 2 bidirectional, 1 control, 3 invisible." in text


async def test_docs_read_of_an_absent_document_names_the_nearest_and_the_next_call(world: World) -> None:
    text = await complain(world, "docs_read", id="guide/docs/stup.md")

    assert "guide/docs/setup.md" in text
    assert "docs_search(" in text
    assert "names a project" in await complain(world, "docs_read", id="guide")
    assert "There is no project 'gide'" in await complain(world, "docs_read", id="gide/x.md")


async def test_docs_search_ranks_the_passage_that_answers_first(world: World) -> None:
    text = await read(world, "docs_search", query="how do I choose another port?")

    first = fenced(text).split("\n")
    assert first[0].startswith("1. guide/docs/setup.md@v1:L")
    assert first[1] == "Setup > Configure > The port"
    assert first[2].startswith("https://github.com/acme/docs/blob/")
    assert "QUOKKA_PORT" in fenced(text)
    chunk_id = first[0].split()[1]
    assert "QUOKKA_PORT" in await read(world, "docs_read", id=chunk_id)


async def test_docs_search_finds_by_parts_of_an_identifier_and_any_word_is_enough(world: World) -> None:
    assert "api.rst@v1" in await read(world, "docs_search", query="quokkaport xylophone get_quokka_port")
    assert "guide/docs/setup.md" in await read(world, "docs_search", query="zzzz uninstall yyyy")


async def test_docs_search_keeps_to_a_project_and_a_folder(world: World) -> None:
    assert "guide/docs" not in fenced(await read(world, "docs_search", query="wombat", project="notes"))
    text = fenced(await read(world, "docs_search", query="port", project="guide", path="docs/deep"))
    assert "api.rst" in text
    assert "setup.md" not in text


async def test_docs_search_of_unknown_words_says_so_and_how_fresh_the_docs_are(world: World) -> None:
    text = await read(world, "docs_search", query="xylophone")

    assert "No chunk holds any of these words" in text
    assert "guide · r1 ·" in text


async def test_pages_of_a_search_follow_each_other_without_gap_or_repeat(world: World) -> None:
    once = await read(world, "docs_search", query="wombats part", limit=30, max_chars=100_000)
    wanted = [line.split()[1] for line in fenced(once).split("\n") if line[:1].isdigit()]
    found: list[str] = []
    arguments: dict[str, Any] = {}
    while len(found) < len(wanted):
        page = await read(world, "docs_search", query="wombats part", limit=7, **arguments)
        found += [line.split()[1] for line in fenced(page).split("\n") if line[:1].isdigit()]
        arguments = {"cursor": page.rsplit('cursor="', 1)[1].split('"')[0]} if 'cursor="' in page else {}
    assert found[: len(wanted)] == wanted
    assert len(set(found)) == len(found)


async def test_docs_chunks_gives_whole_chunks_with_neighbours(world: World) -> None:
    hits = fenced(await read(world, "docs_search", query="QUOKKA_PORT"))
    chunk_id = hits.split("\n")[0].split()[1]

    alone = fenced(await read(world, "docs_chunks", ids=[chunk_id]))
    near = fenced(await read(world, "docs_chunks", id=chunk_id, around=1))

    assert alone.startswith(f"[{chunk_id}] Setup > Configure > The port")
    assert "### The port\n\nSet QUOKKA_PORT to choose another port." in alone
    assert "Logs go to standard error." in near
    assert near.count("[guide/docs/setup.md@v1:L") >= 3 > alone.count("[guide/docs/setup.md@v1:L")


async def test_docs_chunks_of_a_document_come_in_order_and_say_how_to_go_on(world: World) -> None:
    text = await read(world, "docs_chunks", id="guide/docs/long.md", limit=2)

    assert text.count("[guide/docs/long.md@v1:L") == 2
    assert text.rsplit('docs_chunks(id="', 1)[1].startswith("guide/docs/long.md@v1:C")
    assert await read_chunks(world, "guide/docs/long.md") == LONG
    assert (await read_chunks(world, "guide/docs/long.md:L1-99")).count("\n") >= 99


async def test_each_part_of_a_long_line_is_a_chunk_with_an_id_of_its_own(world: World) -> None:
    assert (await read_chunks(world, "guide/docs/one-line.txt")).split() == ["wide"] * 10_000
    assert (await read_chunks(world, "guide/docs/one-line.txt:L1-1")).split() == ["wide"] * 10_000


async def read_chunks(world: World, document_id: str) -> str:
    """Return the text of all chunks that *document_id* names, each read by its id, going on as the answers say."""
    async with open_agent(world.mcp_url, world.acme.api_key) as agent:
        seen: list[str] = []
        collected = ""
        while document_id:
            page = text_of(await agent.call_tool("docs_chunks", {"id": document_id, "limit": 7}))
            ids = re.findall(r"^\[(\S+)\] ", page, re.MULTILINE)
            again = text_of(await agent.call_tool("docs_chunks", {"ids": ids}))
            assert re.findall(r"^\[(\S+)\] ", again, re.MULTILINE) == ids
            for chunk_id in ids:
                collected += fenced(text_of(await agent.call_tool("docs_read", {"id": chunk_id})))
            seen += ids
            document_id = page.rsplit('docs_chunks(id="', 1)[1].split('"')[0] if "Go on:" in page else ""
    assert len(set(seen)) == len(seen)
    return collected


async def test_search_and_fetch_keep_to_the_shape_of_openai(world: World) -> None:
    found = await read_values(world, "search", query="choose another port")

    assert set(found) == {"results"}
    assert all(set(result) == {"id", "title", "url"} and all(result.values()) for result in found["results"])
    assert len({result["id"] for result in found["results"]}) == len(found["results"])
    fetched = await read_values(world, "fetch", id=found["results"][0]["id"])
    assert set(fetched) == {"id", "title", "text", "url", "metadata"}
    assert fetched["text"] == SETUP
    assert fetched["url"] == f"https://github.com/acme/docs/blob/{world.guide.synced_commit}/docs/setup.md"
    assert fetched["metadata"]["revision"] == 1
    assert fetched["metadata"]["integrity"] == "untrusted"


async def test_fetch_of_a_long_document_goes_on_by_its_next_id(world: World) -> None:
    collected, document_id = "", "guide/docs/long.md"
    while document_id:
        values = await read_values(world, "fetch", id=document_id)
        collected += values["text"]
        document_id = values["metadata"].get("next", "")
    assert collected == LONG


async def test_a_folder_without_commits_has_a_url_too(world: World) -> None:
    found = await read_values(world, "search", query="feed")

    assert [result["url"] for result in found["results"]] == ["doc://notes/todo.txt@v1#L1-L1"]


async def test_equal_content_gives_equal_bytes(world: World) -> None:
    assert await read(world, "docs_read", id="guide/docs/setup") == await read(world, "docs_read", id="guide/setup.md")


async def test_a_search_stops_at_max_chars_and_goes_on_by_its_cursor(world: World) -> None:
    text = await read(world, "docs_search", query="wombats part", max_chars=500)

    assert fenced(text).count("· score") < 10
    assert 'cursor="' in text


async def test_lines_beyond_the_end_and_documents_without_chunks_are_said(world: World) -> None:
    assert "ends at line 25" in await complain(world, "fetch", id="guide/docs/setup.md@v1:L99-120")
    assert "has no chunk there" in await complain(world, "docs_chunks", id="guide/docs/empty.md")


async def test_the_project_may_be_left_out_of_an_id_where_a_key_opens_only_one(world: World) -> None:
    key, _ = await world.acme.make_key(project_ids=(world.guide.project_id,))

    result = await call(world.mcp_url, key, "docs_read", id="docs/setup.md#uninstall")

    assert fenced(text_of(result)) == "## Uninstall\n\nRemove the directory.\n"
    assert (await call(world.mcp_url, world.acme.api_key, "docs_read", id="docs/setup.md")).is_error
