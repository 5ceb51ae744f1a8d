"""Reading as of a revision, a commit or a time, and not reading again what has not changed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.adapters.embedded.redis import RedisServer
from tests.databases import Database
from tests.mcp_server.agents import call, text_of
from tests.mcp_server.serve import serving
from tests.mcp_server.test_changes import served_party
from tests.mcp_server.worlds import make_party, run_git
from tests.mirror import open_mirror

FIRST = {"docs/a.md": "# A\n\nthe first wombat\n", "docs/gone.md": "# Gone\n\nwill go: quokka\n"}


async def test_every_reading_tool_reads_as_of_a_revision_a_commit_or_a_time(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        first = await party.add_project("guide", FIRST)
        between = datetime.now(UTC).isoformat()
        (tmp_path / "guide/docs/gone.md").unlink()
        run_git(tmp_path / "guide", "mv", "docs/a.md", "docs/moved.md")
        second = await party.publish(first, {"docs/moved.md": "# A\n\nthe second wombat\n", "docs/new.md": "# New\n"})
        key = party.api_key
        for at in ("r1", first.synced_commit, (first.synced_commit or "")[:8], between):
            read = text_of(await call(origin, key, "docs_read", id="guide/docs/a.md", at=at))
            listed = json.loads(text_of(await call(origin, key, "docs_list", project="guide", at=at)))
            found = text_of(await call(origin, key, "docs_search", query="wombat quokka", project="guide", at=at))
            chunks = text_of(await call(origin, key, "docs_chunks", id="guide/docs/gone.md", at=at))
            (project,) = json.loads(text_of(await call(origin, key, "docs_projects", project="guide", at=at)))[
                "projects"
            ]

            assert "the first wombat" in read
            assert f"/blob/{first.synced_commit}/docs/a.md" in read
            assert "as of r1: the newest is r2" in read.split("\n")[0]
            assert [item["id"] for item in listed["items"]] == ["guide/docs/a.md", "guide/docs/gone.md"]
            assert (listed["revision"], listed["newestRevision"]) == (1, 2)
            assert listed["commit"] == first.synced_commit
            assert "guide/docs/gone.md@v1" in found
            assert "guide/docs/a.md@v1" in found
            assert "second" not in found
            assert "will go: quokka" in chunks
            assert (project["revision"], project["newestRevision"], project["commit"]) == (1, 2, first.synced_commit)
            assert not {"documents", "chunks", "skipped"} & set(project)
        everywhere = text_of(await call(origin, key, "docs_search", query="quokka", at=between))
        projects = json.loads(text_of(await call(origin, key, "docs_projects", at=between)))["projects"]
        never = json.loads(text_of(await call(origin, key, "docs_projects", at="2001-01-01")))["projects"]
        newest = text_of(await call(origin, key, "docs_search", query="wombat quokka"))
        at_newest = json.loads(text_of(await call(origin, key, "docs_list", project="guide", at=second.synced_commit)))

    assert "guide/docs/gone.md@v1" in everywhere
    assert ([project["revision"] for project in projects], never) == ([1], [])
    assert "gone" not in newest
    assert "as of" not in newest
    assert [item["id"] for item in at_newest["items"]] == ["guide/docs/moved.md", "guide/docs/new.md"]
    assert "newestRevision" not in at_newest


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("docs_read", {"id": "guide/docs/a.md", "at": "r7"}, "no such revision"),
        ("docs_read", {"id": "guide/docs/a.md", "at": "0123456789"}, "The newest is r1"),
        ("docs_read", {"id": "guide/docs/a.md", "at": "2001-01-01"}, "by that time"),
        ("docs_read", {"id": "guide/docs/a.md", "at": "v3"}, "project/path@v3"),
        ("docs_list", {"project": "guide", "at": "yesterday"}, "Write r42"),
        ("docs_search", {"query": "wombat", "at": "r1"}, "Name the project"),
        ("docs_projects", {"at": "r1"}, "Name the project"),
        ("docs_history", {"id": "guide/docs/a.md", "at": "r7"}, "no such revision"),
        ("docs_changes", {"since": "r0", "project": "guide", "at": "r7"}, "no such revision"),
        ("docs_search", {"query": "wombat", "at": "2001-01-01"}, None),
    ],
)
async def test_a_moment_that_is_none_is_answered_by_what_to_write(
    database: Database,
    redis_server: RedisServer,
    tmp_path: Path,
    tool: str,
    arguments: dict[str, str],
    said: str | None,
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        await party.add_project("guide", FIRST)
        answer = await call(origin, party.api_key, tool, **arguments)

    assert answer.is_error == (said is not None)
    assert (said or "No chunk") in text_of(answer)


async def test_a_link_of_an_answer_reads_the_same_text_later(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        first = await party.add_project("guide", FIRST)
        url = f"https://github.com/acme/docs/blob/{first.synced_commit}/docs/a.md"
        before = text_of(await call(origin, party.api_key, "docs_read", id=url))
        await party.publish(first, {"docs/a.md": "# A\n\nthe second\n"})
        after = text_of(await call(origin, party.api_key, "docs_read", id=url))
        unknown = text_of(
            await call(origin, party.api_key, "docs_read", id=url.replace(first.synced_commit or "", "0" * 40))
        )
        newest = text_of(await call(origin, party.api_key, "docs_read", id=url, at="r2"))

    assert url in before
    assert "the first wombat" in after
    assert "as of r1" in after
    # A commit that was never synced says no more than the path.
    assert "the second" in unknown
    assert "the second" in newest


async def test_links_lead_to_the_github_that_is_mirrored(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with (
        open_mirror(database, redis_server) as mirror,
        serving(database.read_url, github_api_url="https://ghe.example.com/api/v3") as origin,
    ):
        party = await make_party(mirror, tmp_path)
        project = await party.add_project("guide", FIRST)
        read = text_of(await call(origin, party.api_key, "docs_read", id="guide/docs/a.md"))
        found = text_of(await call(origin, party.api_key, "docs_search", query="wombat"))

    for text in (read, found):
        assert f"https://ghe.example.com/acme/docs/blob/{project.synced_commit}/docs/a.md" in text
        assert "github.com/acme" not in text


@pytest.mark.parametrize("have", [1, "1", "v1", "guide/docs/a.md@v1"])
async def test_a_document_that_has_not_changed_is_not_sent_again(
    database: Database, redis_server: RedisServer, tmp_path: Path, have: int | str
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        project = await party.add_project("guide", FIRST)
        same = text_of(await call(origin, party.api_key, "docs_read", id="guide/docs/a.md", if_version=have))
        await party.publish(project, {"docs/a.md": "# A\n\nthe second\n"})
        other = text_of(await call(origin, party.api_key, "docs_read", id="guide/docs/a.md", if_version=have))

    assert same.endswith("guide/docs/a.md@v1 · unchanged")
    assert "wombat" not in same
    assert len(same) < 40 * 4
    assert "the second" in other
