"""A path keeps a search to what it means in each project: a folder, a document, a pattern; one that is nowhere is answered with the nearest."""

import re
from pathlib import Path

import pytest

from mcp_server.tools import listing
from tests.databases import Database
from tests.mcp_server.agents import call, text_of
from tests.mcp_server.serve import serving
from tests.mcp_server.test_tools import complain, read, read_values
from tests.mcp_server.worlds import ACME_FILES, World, make_party
from tests.mirror import Mirror


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("where", [{}, {"project": "guide"}], ids=["every project", "one"])
@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("deep", {"guide/docs/deep/er/api.rst"}),
        ("docs/deep/", {"guide/docs/deep/er/api.rst"}),
        ("guide/docs/deep", {"guide/docs/deep/er/api.rst"}),
        ("doc://guide/docs/deep", {"guide/docs/deep/er/api.rst"}),
        ("docs/setup.md", {"guide/docs/setup.md"}),
        ("setup", {"guide/docs/setup.md"}),
        ("docs/*.md", {"guide/docs/index.md", "guide/docs/setup.md"}),
        ("**/er/*.rst", {"guide/docs/deep/er/api.rst"}),
        ("docs/**/*.rst", {"guide/docs/deep/er/api.rst"}),
        ("docs/**/s*.md", {"guide/docs/setup.md"}),
        ("docs/s*m", set()),
        ("d*/", {"guide/docs/index.md", "guide/docs/setup.md", "guide/docs/deep/er/api.rst"}),
    ],
)
async def test_a_search_keeps_to_what_a_path_means_in_one_project_and_in_all(
    world: World, where: dict[str, str], path: str, found: set[str]
) -> None:
    text = await read(world, "docs_search", query="quokka port function", path=path, **where)
    assert set(re.findall(r"^\d+\. (\S+)@v1", text, re.MULTILINE)) == found


async def test_a_path_means_in_each_project_what_stands_there(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    party = await make_party(mirror, tmp_path)
    await party.add_project("one", {"docs/api/a.md": "# A\n\nwombat\n", "docs/b.md": "# B\n\nwombat\n"})
    await party.add_project("two", {"api.md": "# C\n\nwombat\n", "d.md": "# D\n\nwombat\n"})
    await party.add_project("three", {"docs/e.md": "# E\n\nwombat\n"})
    async with serving(database.read_url) as origin:
        text = text_of(await call(origin, party.api_key, "docs_search", query="wombat", path="api"))
    assert set(re.findall(r"^\d+\. (\S+)@v1", text, re.MULTILINE)) == {"one/docs/api/a.md", "two/api.md"}


@pytest.mark.asyncio(loop_scope="session")
async def test_a_path_that_is_nowhere_is_answered_with_the_nearest(world: World) -> None:
    for where in ({}, {"project": "guide"}):
        said = await complain(world, "docs_search", query="port", path="docs/depe", **where)
        assert "There is no folder or document 'docs/depe' in " in said
        assert "Did you mean: guide/docs/deep/" in said
    assert "Did you mean: notes/todo.txt?" in await complain(world, "docs_search", query="port", path="x/TODO.txt")
    assert "Did you mean: guide/docs/deep/" in await complain(world, "docs_list", project="guide", path="depe")


@pytest.mark.asyncio(loop_scope="session")
async def test_docs_list_takes_a_pattern_and_pages_through_what_matches(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    wanted = [f"guide/{path}" for path in sorted(ACME_FILES) if path.endswith(".md")]
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await read_values(world, "docs_list", project="guide", path="docs/**/*.md", **cursor)
        assert (page["documents"], page["depth"]) == (len(wanted), "all")
        found += [item["id"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert found == wanted
    said = await complain(world, "docs_list", project="guide", path="docs/*.mdx")
    assert "There are no documents that match 'docs/*.mdx' in guide." in said
