"""docs_outline of a project lists the links that lead nowhere, page by page, and the documents that are cut as plain text."""

import re
from pathlib import Path

import pytest

from mcp_server.tools import checks
from syncd.adapters.postgres.reading import broken_links
from tests.databases import Database
from tests.mcp_server.agents import call, text_of
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import make_party
from tests.mirror import Mirror

FILES = {
    "docs/a.md": "# A\n\n[there](b.md#b) [gone](gone.md)\n[no section](b.md#none) [out](https://a.b) [file](../x.png)\n",
    "docs/b.md": "# B\n\n[back](a.md) [lost](lost.md)\n",
    "docs/c.ipynb": '{"cells": [',
}
BROKEN = [
    "guide/docs/a.md L3 [gone](gone.md) → no document",
    "guide/docs/a.md L4 [no section](b.md#none) → no such section",
    "guide/docs/b.md L3 [lost](lost.md) → no document",
]


def list_broken(text: str) -> list[str]:
    return re.findall(r"^guide/.* → .*$", text, re.MULTILINE)


async def test_the_links_of_a_project_that_lead_nowhere_are_listed_as_of_a_revision(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    party = await make_party(mirror, tmp_path)
    project = await party.add_project("guide", FILES)
    await party.publish(project, dict.fromkeys(("docs/gone.md", "docs/lost.md", "docs/c.md"), "# Nothing\n"))
    await party.publish(project, {"docs/a.md": "# A\n"})
    async with serving(database.read_url) as origin:
        then, now, other = [
            text_of(await call(origin, party.api_key, "docs_outline", **arguments))
            for arguments in ({"id": "guide", "at": "r1"}, {"id": "doc://guide/"}, {"id": "guide/docs/b.md"})
        ]
    assert list_broken(then) == BROKEN
    assert "Cut as plain text:\nguide/docs/c.ipynb: it is no JSON" in then
    assert "cursor=" not in then
    assert "No link is broken." in now
    assert "Headings:" in other


@pytest.mark.parametrize("most_looked_at", [1, 1_000])
async def test_broken_links_come_page_by_page_each_once(
    mirror: Mirror, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_looked_at: int
) -> None:
    monkeypatch.setattr(checks, "PAGE_LINKS", 1)
    monkeypatch.setattr(checks, "MOST_LOOKED_AT", most_looked_at)
    monkeypatch.setattr(broken_links, "BATCH_LINKS", 2)
    party = await make_party(mirror, tmp_path)
    await party.add_project("guide", FILES)
    listed: list[str] = []
    cursor: dict[str, str] = {}
    async with serving(database.read_url) as origin:
        while True:
            page = text_of(await call(origin, party.api_key, "docs_outline", id="guide", **cursor))
            listed += list_broken(page)
            assert ("Cut as plain text:" in page) == (not cursor)
            more = re.search(r'cursor="([^"]+)"', page)
            if more is None:
                break
            cursor = {"cursor": more[1]}
    assert listed == BROKEN
