"""Sessions: one state of all projects while syncs go on, and notes that agents leave each other."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from mcp_server.tools import sessions
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.agent_sessions import KEPT_AFTER_EXPIRY
from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.leases import mint_fence
from syncd.adapters.postgres.publishing import collect_orphans
from syncd.adapters.postgres.transactions import fenced, in_project
from syncd.core.locks import Lock
from syncd.core.projects import Project
from tests.databases import Database
from tests.mcp_server.agents import call, text_of
from tests.mcp_server.serve import serving
from tests.mcp_server.test_changes import served_party
from tests.mcp_server.worlds import Party


@dataclass(frozen=True, slots=True)
class Desk:
    """A served party with two projects, and a second agent of it."""

    origin: str
    party: Party
    guide: Project
    notes: Project
    other_key: str
    database: Database

    async def ask(self, key: str | None = None, **arguments: object) -> dict[str, Any]:
        result = await call(self.origin, key or self.party.api_key, "docs_session", **arguments)
        assert not result.is_error, text_of(result)
        values: dict[str, Any] = json.loads(text_of(result))
        return values

    async def complain(self, key: str | None = None, tool: str = "docs_session", **arguments: object) -> str:
        result = await call(self.origin, key or self.party.api_key, tool, **arguments)
        assert result.is_error
        return text_of(result)

    async def collect(self) -> None:
        """Collect what nothing refers to, as if it had been written long ago."""
        mirror = self.party.mirror
        async with in_project(mirror.pool, mirror.tenant_id, self.guide.project_id) as connection:
            minted = await mint_fence(connection, self.guide.project_id, nonce := uuid4(), "tester")
        assert minted is not None
        lock = Lock(mirror.tenant_id, self.guide.project_id, minted.fence, nonce)
        async with fenced(mirror.pool, lock) as connection:
            await collect_orphans(connection, datetime.now(UTC) + timedelta(days=1))

    async def read(self, tool: str, /, **arguments: object) -> str:
        result = await call(self.origin, self.party.api_key, tool, **arguments)
        assert not result.is_error, text_of(result)
        return text_of(result)


def words_of(note: dict[str, Any]) -> str:
    """Return what a note says, which stands in a fence that says whose words it is."""
    fenced = re.fullmatch(r'<(untrusted-[0-9a-f]{16}) source="note \d+ by \w+">\n(.*)\n</\1>', note["note"], re.DOTALL)
    assert fenced, note
    return fenced[2]


@pytest_asyncio.fixture
async def desk(database: Database, redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Desk]:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        guide = await party.add_project("guide", {"docs/a.md": "# A\n\nfirst wombat\n", "docs/gone.md": "# Gone\n"})
        notes = await party.add_project("notes", {"todo.txt": "Feed the wombat.\n"}, repository=None)
        other_key, _ = await party.make_key()
        yield Desk(origin, party, guide, notes, other_key, database)


async def test_a_session_reads_one_state_of_all_projects_while_syncs_go_on(desk: Desk) -> None:
    opened = await desk.ask(action="open")
    session = opened["session"]
    (desk.party.directory / "guide/docs/gone.md").unlink()
    await desk.party.publish(desk.guide, {"docs/a.md": "# A\n\nsecond wombat\n"})
    await desk.party.publish(desk.notes, {"todo.txt": "Wash the wombat.\n"})
    await desk.party.add_project("later", {"docs/late.md": "# Late wombat\n"})
    # What is pinned is in use, however old it is.
    await desk.collect()
    await desk.party.publish(desk.guide, {"docs/b.md": "# B\n"})

    found = await desk.read("docs_search", query="wombat", at=session)
    gone = await desk.read("docs_read", id="guide/docs/gone.md", at=session)
    listed = json.loads(await desk.read("docs_list", project="notes", at=session))
    changed = json.loads(await desk.read("docs_changes", since=session))
    differs = await desk.read("docs_diff", id="guide/docs/a.md", **{"from": session})
    unpinned = await desk.complain(tool="docs_read", id="later/docs/late.md", at=session)
    shown = await desk.ask(action="show", session=session)

    assert {pin["project"]: pin["revision"] for pin in opened["pins"]} == {"guide": 1, "notes": 1}
    assert "first wombat" in found
    assert "Feed the wombat" in found
    assert "second" not in found
    assert "late" not in found
    assert "# Gone" in gone
    assert listed["revision"] == 1
    assert [item["id"] for item in changed["items"]] == [
        "guide/docs/a.md@v2",
        "guide/docs/b.md@v1",
        "guide/docs/gone.md@v1",
        "later/docs/late.md@v1",
        "notes/todo.txt@v2",
    ]
    assert "-first wombat\n+second wombat" in differs
    assert "does not pin later" in unpinned
    assert shown["pins"][0] == {
        "project": "guide",
        "revision": 1,
        "commit": desk.guide.synced_commit,
        "newestRevision": 3,
    }


async def test_another_agent_picks_the_session_up_and_answers(desk: Desk) -> None:
    session = (await desk.ask(action="open", role="author"))["session"]
    first = await desk.ask(action="note", session=session, note="Which port?", note_id="q1")
    (found,) = (await desk.ask(desk.other_key, action="show"))["sessions"]
    answer = await desk.ask(
        desk.other_key, action="note", session=found["session"], note="8700", reply_to="q1", role="reviewer"
    )
    shown = await desk.ask(action="show", session=session)

    assert [(note["number"], words_of(note), note.get("reply_to")) for note in shown["notes"]] == [
        (1, "Which port?", None),
        (2, "8700", "q1"),
    ]
    assert [note["role"] for note in shown["notes"]] == ["author", "reviewer"]
    assert {(one["by"], one["role"]) for one in shown["participants"]} == {
        (first["note"]["by"], "author"),
        (answer["note"]["by"], "reviewer"),
    }
    assert shown["integrity"] == "untrusted"


async def test_a_note_that_is_sent_twice_is_there_once(desk: Desk) -> None:
    session = (await desk.ask(action="open"))["session"]
    sent = [await desk.ask(action="note", session=session, note="once", note_id="n1") for _ in range(2)]
    at_once = await asyncio.gather(
        *(desk.ask(action="note", session=session, note="both", note_id="n2") for _ in range(4))
    )
    other_text = await desk.complain(action="note", session=session, note="twice", note_id="n1")
    other_author = await desk.complain(desk.other_key, action="note", session=session, note="once", note_id="n1")
    shown = await desk.ask(action="show", session=session)

    assert sent[0] == sent[1]
    assert all(one == at_once[0] for one in at_once)
    assert "is that of another note" in other_text
    assert other_author == other_text
    assert [words_of(note) for note in shown["notes"]] == ["once", "both"]


async def test_notes_are_read_page_by_page_and_later_ones_from_where_one_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "NOTES_PAGE", 2)
    session = (await desk.ask(action="open"))["session"]
    for number in range(5):
        await desk.ask(action="note", session=session, note=f"note {number}")
    pages = [await desk.ask(action="show", session=session)]
    while pages[-1]["nextCursor"]:
        pages.append(await desk.ask(action="show", session=session, cursor=pages[-1]["nextCursor"]))
    nothing = await desk.ask(action="show", session=session, cursor=pages[-1]["later"])
    await desk.ask(desk.other_key, action="note", session=session, note="late")
    late = await desk.ask(action="show", session=session, cursor=nothing["later"])

    assert [words_of(note) for page in pages for note in page["notes"]] == [f"note {number}" for number in range(5)]
    assert nothing["notes"] == []
    assert [words_of(note) for note in late["notes"]] == ["late"]


async def test_only_its_author_takes_a_note_back_and_it_keeps_its_place(desk: Desk) -> None:
    session = (await desk.ask(action="open"))["session"]
    await desk.ask(action="note", session=session, note="a secret", note_id="n1")
    await desk.ask(desk.other_key, action="note", session=session, note="why?", reply_to="n1")
    foreign = await desk.complain(desk.other_key, action="delete", session=session, note_id="n1")
    await desk.ask(action="delete", session=session, note_id="n1")
    shown = await desk.ask(action="show", session=session)

    assert "no note 'n1' of yours" in foreign
    assert "note" not in shown["notes"][0]
    assert shown["notes"][0]["deletedAt"].endswith("Z")
    assert shown["notes"][1]["reply_to"] == "n1"
    assert "a secret" not in json.dumps(shown)


async def test_a_closed_session_takes_no_notes_and_can_still_be_read(desk: Desk) -> None:
    session = (await desk.ask(action="open"))["session"]
    foreign = await desk.complain(desk.other_key, action="close", session=session)
    closed = await desk.ask(action="close", session=session)
    refused = await desk.complain(action="note", session=session, note="too late")
    open_ones = await desk.ask(action="show")

    assert "who alone may close it" in foreign
    assert closed["state"] == "closed"
    assert "is closed" in refused
    assert open_ones == {"sessions": [], "open": 0}
    assert "first wombat" in await desk.read("docs_read", id="guide/docs/a.md", at=session)


async def test_an_expired_session_is_gone_and_later_forgotten(desk: Desk) -> None:
    session = (await desk.ask(action="open"))["session"]
    await desk.ask(action="note", session=session, note="soon forgotten")
    async with open_connection(desk.database.migrator_url) as connection:
        days = timedelta(days=7)
        await connection.execute("update syncd.agent_sessions set expires_at = expires_at - $1::interval", days)
        expired = await desk.complain(tool="docs_read", id="guide/docs/a.md", at=session)
        await desk.ask(action="open")
        kept = await connection.fetchval("select count(*) from syncd.agent_session_notes")
        days = KEPT_AFTER_EXPIRY
        await connection.execute("update syncd.agent_sessions set expires_at = expires_at - $1::interval", days)
        await desk.ask(action="open")
        left = await connection.fetchval("select count(*) from syncd.agent_session_notes")

    assert "There is no session" in expired
    assert (kept, left) == (1, 0)


async def test_a_tenant_has_no_more_sessions_and_a_session_no_more_notes_than_the_settings_say(desk: Desk) -> None:
    limits = {"mcp_sessions_per_tenant": 1, "mcp_notes_per_session": 1, "mcp_session_days": 1}
    async with serving(desk.database.read_url, **limits) as origin:
        strict = replace(desk, origin=origin)
        opened = await strict.ask(action="open")
        session = opened["session"]
        await strict.ask(action="note", session=session, note="the only one")

        assert timedelta(hours=23) < datetime.fromisoformat(opened["expiresAt"]) - datetime.now(UTC) < timedelta(days=2)
        assert "has 1 sessions" in await strict.complain(action="open")
        assert "takes no more notes" in await strict.complain(action="note", session=session, note="one more")


async def test_a_key_of_some_projects_sees_only_sessions_within_them(desk: Desk) -> None:
    narrow, _ = await desk.party.make_key(project_ids=(desk.notes.project_id,))
    wide_session = (await desk.ask(action="open"))["session"]
    narrow_opened = await desk.ask(narrow, action="open")

    assert [pin["project"] for pin in narrow_opened["pins"]] == ["notes"]
    assert "There is no session" in await desk.complain(narrow, action="show", session=wide_session)
    assert "There is no session" in await desk.complain(narrow, action="note", session=wide_session, note="hello")
    seen = await desk.ask(narrow, action="show")
    assert [one["session"] for one in seen["sessions"]] == [narrow_opened["session"]]
    await desk.ask(action="show", session=narrow_opened["session"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"action": "start"}, "Input should be 'open', 'show', 'note', 'delete' or 'close'"),
        ({"action": "note", "note": "x"}, "No session was named"),
        ({"action": "show", "session": "s-aaaaaaaaaaaaaaaa"}, "There is no session"),
        ({"action": "note", "session": "SESSION", "note": "  "}, "A note needs text"),
        ({"action": "note", "session": "SESSION", "note": "x" * 4001}, "at most 4000 characters"),
        ({"action": "note", "session": "SESSION", "note": "x", "reply_to": "n9"}, "There is no note 'n9'"),
        ({"action": "delete", "session": "SESSION"}, "no note '' of yours"),
    ],
)
async def test_a_wrong_call_says_what_to_do(desk: Desk, arguments: dict[str, str], said: str) -> None:
    session = (await desk.ask(action="open"))["session"]
    named = {name: session if value == "SESSION" else value for name, value in arguments.items()}

    assert said in await desk.complain(**named)
    assert (await desk.ask(action="note", session=session, note="x" * 4000))["note"]["number"] == 1
