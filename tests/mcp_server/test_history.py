"""docs_history, docs_diff, docs_changes and docs_outline over documents that come, change, move, go and return."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from mcp_server.tools import changes, histories
from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.core.projects import Project
from tests.databases import Database, make_database
from tests.mcp_server.agents import call, text_of
from tests.mcp_server.test_changes import served_party
from tests.mcp_server.worlds import Party, run_git

pytestmark = pytest.mark.asyncio(loop_scope="session")

GUIDE = "# Guide\n\nIntro.\n\n## Install\n\nRun it.\n\n## Use\n\nUse it.\n"
LINKS = (
    "# Index\n\n[guide](guide.md#install) [other](../docs/other) [gone](nowhere.md) [out](https://example.org/guide.md)\n"
    "[self](#index) [up](../../etc/guide.md)\n"
)


@dataclass(frozen=True, slots=True)
class Story:
    """A project of five revisions: as added; guide changed and an index added; guide moved; guide gone; guide back where it was last."""

    origin: str
    party: Party
    project: Project
    commits: list[str]

    async def ask(self, tool: str, /, **arguments: object) -> dict[str, Any]:
        result = await call(self.origin, self.party.api_key, tool, **arguments)
        assert not result.is_error, text_of(result)
        values: dict[str, Any] = json.loads(text_of(result))
        return values

    async def read(self, tool: str, /, **arguments: object) -> str:
        result = await call(self.origin, self.party.api_key, tool, **arguments)
        assert not result.is_error, text_of(result)
        return text_of(result)

    async def complain(self, tool: str, /, **arguments: object) -> str:
        result = await call(self.origin, self.party.api_key, tool, **arguments)
        assert result.is_error
        return text_of(result)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Story]:
    directory = tmp_path_factory.mktemp("story")
    async with (
        make_database(postgres, template) as database,
        served_party(database, redis_server, directory) as (origin, party),
    ):
        folder = directory / "guide"
        project = await party.add_project("guide", {"docs/guide.md": GUIDE, "docs/other.md": "# Other\n"})
        commits = [project.synced_commit or ""]
        changed = GUIDE.replace("Run it.", "Run it twice.")
        await publish(party, project, commits, {"docs/guide.md": changed, "docs/index.md": LINKS})
        run_git(folder, "mv", "docs/guide.md", "docs/manual.md")
        await publish(party, project, commits, {})
        run_git(folder, "rm", "docs/manual.md")
        await publish(party, project, commits, {"docs/extra.md": "# Extra\n"})
        await publish(party, project, commits, {"docs/manual.md": f"{changed}\n## More\n\nMore.\n"})
        yield Story(origin, party, project, commits)


async def publish(party: Party, project: Project, commits: list[str], files: dict[str, str]) -> None:
    published = await party.publish(project, files)
    commits.append(published.synced_commit or "")


async def test_the_history_of_a_document_tells_renames_deletion_and_return(story: Story) -> None:
    history = await story.ask("docs_history", id="guide/docs/manual.md")

    items = history["items"]
    assert [(item["version"], item["revision"], item["change"]) for item in items] == [
        (3, "r5", "restored"),
        (2, "r3", "renamed"),
        (2, "r2", "modified"),
        (1, "r1", "added"),
    ]
    assert items[0]["deletedAt"] == "r4"
    assert items[1]["from"] == "docs/guide.md"
    assert [item["id"] for item in items[2:]] == ["guide/docs/guide.md@v2", "guide/docs/guide.md@v1"]
    assert [item["commit"] for item in items] == [story.commits[number] for number in (4, 2, 1, 0)]
    assert {item["author"] for item in items} == {"Ada"}
    assert history["nextCursor"] is None
    assert "deletedAt" not in history


async def test_a_history_ends_at_the_moment_that_is_asked_for(story: Story) -> None:
    moved = await story.ask("docs_history", id="guide/docs/manual.md", at="r3")
    gone = await story.ask("docs_history", id="guide/docs/manual.md", at=story.commits[3])

    assert [item["change"] for item in moved["items"]] == ["renamed", "modified", "added"]
    assert (moved["revision"], "deletedAt" in moved) == (3, False)
    assert (gone["deletedAt"], gone["items"]) == ("r4", moved["items"])
    assert "is now guide/docs/manual.md" not in json.dumps(gone)


async def test_a_history_goes_on_page_by_page(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (await story.ask("docs_history", id="guide/docs/manual.md"))["items"]
    monkeypatch.setattr(histories, "PAGE", 3)
    first = await story.ask("docs_history", id="guide/docs/manual.md")
    second = await story.ask("docs_history", id="guide/docs/manual.md", cursor=first["nextCursor"])

    assert first["items"] + second["items"] == whole
    assert second["nextCursor"] is None


async def test_what_became_of_a_document_is_said_where_it_stood(story: Story) -> None:
    moved = await story.complain("docs_read", id="guide/docs/guide.md")
    deleted = await story.complain("docs_read", id="guide/docs/manual.md", at="r4")
    history = await story.ask("docs_history", id="guide/docs/guide.md")

    assert "was renamed in r3 and is now guide/docs/manual.md" in moved
    assert "was deleted in r4" in deleted
    assert 'docs_read(id="guide/docs/manual.md@v2")' in deleted
    assert history["id"] == "guide/docs/manual.md"


@pytest.mark.parametrize(("since", "to"), [("v1", "v2"), ("r1", "r2"), ("r1", "v2")])
async def test_a_diff_is_a_unified_one(story: Story, since: str, to: str) -> None:
    text = await story.read("docs_diff", id="guide/docs/guide.md", **{"from": since, "to": to})

    # Where a version stood last names it.
    named = "guide.md@v2" if to == "r2" else "manual.md@v2"
    assert f"guide/docs/guide.md@v1 → guide/docs/{named} · +1 -1 lines" in text
    assert "@@ -4,7 +4,7 @@\n \n ## Install\n \n-Run it.\n+Run it twice.\n \n ## Use\n \n" in text


async def test_a_diff_tells_which_sections_changed(story: Story) -> None:
    text = await story.read("docs_diff", id="guide/docs/manual.md", by="sections", **{"from": story.commits[0]})

    assert "~ Guide > Install L5-8 +1 -1\n" in text
    assert "+ Guide > More L13-15 +3 -0\n" in text
    assert "Run it" not in text


async def test_a_diff_with_what_was_not_there_shows_all_of_it(story: Story) -> None:
    gone = await story.read("docs_diff", id="guide/docs/manual.md", **{"from": "r2", "to": "r4"})
    same = await story.read("docs_diff", id="guide/docs/other.md", **{"from": "r1"})
    cut = await story.read("docs_diff", id="guide/docs/manual.md", max_chars=200, **{"from": "r4"})
    absent = await story.complain("docs_diff", id="guide/docs/other.md", **{"from": "v9"})

    assert "(not there at r4) · +0 -11 lines" in gone
    assert "the same text" in same
    assert "<untrusted" not in same
    assert "0 of 1 parts shown" in cut or "1 of 1" not in cut
    assert "docs_history(id=" in absent


async def test_changes_are_net_and_exact(story: Story) -> None:
    values = await story.ask("docs_changes", project="guide", since="r1")

    assert [(item["change"], item["id"], item.get("from")) for item in values["items"]] == [
        ("added", "guide/docs/extra.md@v1", None),
        ("added", "guide/docs/index.md@v1", None),
        ("renamed", "guide/docs/manual.md@v3", "docs/guide.md"),
    ]
    (project,) = values["projects"]
    assert (project["sinceRevision"], project["revision"]) == (1, 5)
    deleted = await story.ask("docs_changes", project="guide", since=story.commits[2])
    assert [(item["change"], item["id"]) for item in deleted["items"]] == [
        ("added", "guide/docs/extra.md@v1"),
        ("modified", "guide/docs/manual.md@v3"),
    ]


async def test_changes_end_at_the_moment_that_is_asked_for(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "PAGE", 1)
    first = await story.ask("docs_changes", project="guide", since="r1", at="r4")
    second = await story.ask("docs_changes", project="guide", since="r1", at="r4", cursor=first["nextCursor"])
    third = await story.ask("docs_changes", project="guide", since="r1", at="r4", cursor=second["nextCursor"])
    monkeypatch.undo()
    later = await story.ask("docs_changes", project="guide", since=third["nextSince"], at="r5")
    before = await story.ask("docs_changes", project="guide", since="r3", at="r2")

    assert [(item["change"], item["id"]) for page in (first, second, third) for item in page["items"]] == [
        ("added", "guide/docs/extra.md@v1"),
        ("deleted", "guide/docs/guide.md@v1"),
        ("added", "guide/docs/index.md@v1"),
    ]
    (project,) = first["projects"]
    assert (project["sinceRevision"], project["revision"], project["commit"]) == (1, 4, story.commits[3])
    assert [item["id"] for item in later["items"]] == ["guide/docs/manual.md@v3"]
    assert (before["items"], before["projects"]) == ([], [])
    other = await story.complain("docs_changes", project="guide", since="r1", cursor=first["nextCursor"])
    assert "does not belong to this call" in other


async def test_changes_since_the_last_answer_are_those_that_came_after_it(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "PAGE", 1)
    first = await story.ask("docs_changes", since="r0")
    assert len(first["items"]) == 1
    # Published between two pages: the pages do not see it, and the next question does.
    await story.party.publish(story.project, {"docs/aaa.md": "# Late\n", "docs/zzz.md": "# Late\n"})
    pages, page = [first["items"]], first
    while page["nextCursor"]:
        page = await story.ask("docs_changes", since="r0", cursor=page["nextCursor"])
        pages.append(page["items"])
    monkeypatch.undo()
    late = await story.ask("docs_changes", since=page["nextSince"])
    nothing = await story.ask("docs_changes", since=late["nextSince"])

    seen = [item["id"] for items in pages for item in items]
    assert seen == [
        "guide/docs/extra.md@v1",
        "guide/docs/index.md@v1",
        "guide/docs/manual.md@v3",
        "guide/docs/other.md@v1",
    ]
    assert [item["id"] for item in late["items"]] == ["guide/docs/aaa.md@v1", "guide/docs/zzz.md@v1"]
    assert (nothing["items"], nothing["projects"]) == ([], [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"since": "r1"}, "Name the project"),
        ({"since": "soon"}, "neither a moment nor the nextSince"),
        ({"since": "r9", "project": "guide"}, "no such revision"),
        ({"since": "r1", "project": "gudie"}, "Did you mean: guide"),
        ({}, "since is required"),
    ],
)
async def test_changes_since_nothing_known_say_what_to_write(
    story: Story, arguments: dict[str, str], said: str
) -> None:
    assert said in await story.complain("docs_changes", **arguments)


async def test_an_outline_has_headings_links_and_backlinks(story: Story) -> None:
    guide = await story.read("docs_outline", id="guide/docs/guide.md", at="r2")
    index = await story.read("docs_outline", id="guide/docs/index.md", at="r2")
    later = await story.read("docs_outline", id="guide/docs/index.md")

    assert "# Guide #guide L1-11 (" in guide
    assert "## Install #install L5-8 (" in guide
    assert "Linked from:\nguide/docs/index.md L3 [guide](guide.md#install)\n" in guide
    assert "[guide](guide.md#install) → guide/docs/guide.md#install" in index
    assert "[other](../docs/other) → guide/docs/other.md" in index
    assert "[gone](nowhere.md) → no document" in index
    assert "[out](https://example.org/guide.md)\n" in index
    assert "[self](#index) → guide/docs/index.md#index" in index
    assert "Linked from" not in index
    # The same text, at a revision where the guide has moved away.
    assert "[guide](guide.md#install) → no document" in later


async def test_an_outline_of_many_headings_and_links_goes_on_until_all_were_shown(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    headings = "".join(f"## Part {n}\n\n[to {n}](other-{n}.md)\n\n" for n in range(700))
    pointing = "".join(f"[back {n}](many.md)\n\n" for n in range(150))
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        await party.add_project("guide", {"many.md": f"# Many\n\n{headings}", "index.md": f"# I\n\n{pointing}"})
        seen: list[tuple[str, str, str]] = []
        cursor: dict[str, object] = {}
        while True:
            page = text_of(await call(origin, party.api_key, "docs_outline", id="guide/many", **cursor))
            assert len(page) < 21_500
            seen += re.findall(r"^## (Part \d+)|\[(to \d+)\]|\[(back \d+)\]", page, re.MULTILINE)
            if 'cursor="' not in page:
                break
            cursor = {"cursor": page.rsplit('cursor="', 1)[1].split('"')[0]}

    lists = [[found for found in column if found] for column in zip(*seen, strict=True)]
    assert lists == [
        [f"Part {n}" for n in range(700)],
        [f"to {n}" for n in range(700)],
        [f"back {n}" for n in range(150)],
    ]


async def test_labels_and_names_given_by_hand_are_links_that_can_be_read(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    guide = "---\nlang: en\n---\n\n# Guide\n\nIn :ref: of others.\n\nfirst\n\n<a name=middle></a> here it begins\n\n## Next\n\nno more\n"
    files = {
        "index.rst": "Index\n=====\n\nSee :ref:`the part <The-Part>`, :ref:`none` and `names <guide.md#middle>`_.\n",
        "part.rst": "Other\n=====\n\n.. _the-part:\n\nPart\n----\n\nText of the part.\n",
        "guide.md": guide,
        "broken.ipynb": "{",
    }
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        await party.add_project("guide", files)

        async def read(tool: str, **arguments: object) -> str:
            return text_of(await call(origin, party.api_key, tool, **arguments))

        index = await read("docs_outline", id="guide/index")
        assert "[the part](the-part) → guide/part.rst#the-part\n" in index
        assert "[none](none) → no such label\n" in index
        assert "[names](guide.md#middle) → guide/guide.md#middle\n" in index
        assert "Linked from:\nguide/index.rst L4 [the part](the-part)\n" in await read("docs_outline", id="guide/part")
        assert "Language: en\nMetadata: lang: en\n" in await read("docs_outline", id="guide/guide")
        assert "Cut as plain text: it is no JSON" in await read("docs_outline", id="guide/broken")
        for arguments in ({"id": "guide/part.rst#the-part"}, {"id": "guide/part", "section": "The-Part"}):
            assert "Text of the part." in await read("docs_read", **arguments)
        assert "Text of the part." in await read("fetch", id="guide/part.rst#the-part")
        middle = await read("docs_read", id="guide/guide.md#middle")
        assert "here it begins" in middle
        assert "first" not in middle
        assert "no more" not in middle
        assert "has no section 'nothing'" in await read("docs_read", id="guide/guide.md#nothing")
