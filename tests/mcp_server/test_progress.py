"""Calls that take long say how far they are, and one that nobody waits for any more ends, with its query."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp.client import Client

from mcp_server.tools import syncs
from syncd.adapters.postgres.connections import Connection, open_connection
from tests.databases import LOGINS, Database
from tests.mcp_server.agents import MODERN, open_agent, text_of
from tests.mcp_server.serve import serving
from tests.mcp_server.test_piped import open_pipe
from tests.mcp_server.worlds import Party, make_party
from tests.mirror import Mirror

DEADLINE_SECONDS = 5
SLEEPING = "select count(*) from pg_stat_activity where datname = current_database() and state = 'active' and wait_event = 'PgSleep'"
# Whoever looks candidates up falls asleep; the reader's own limit would end that as well, so it is taken away.
ASLEEP = """
set search_path = syncd, public;
alter function search_candidates(integer[], boolean, integer[], real[], integer, integer) rename to candidates_awake;
create function search_candidates(integer[], boolean, integer[], real[], integer, integer)
    returns table (chunk_hash bytea, score float8) language plpgsql as $$ begin perform pg_sleep(60); end $$;
"""


class Ear:
    """What a client is told of its call."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, float | None, str | None]] = []
        self.heard_twice = asyncio.Event()

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.heard.append((progress, total, message))
        if len(self.heard) == 2:
            self.heard_twice.set()


@pytest.mark.parametrize("mode", ["legacy", MODERN])
async def test_a_sync_that_is_waited_for_says_how_it_goes(
    mirror: Mirror, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(syncs, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(syncs, "REPORT_SECONDS", 0.01)
    party = await make_party(mirror, tmp_path)
    await party.add_project("guide", {"a.md": "# A\n"})
    key, _ = await party.make_key(scopes=("docs:read", "docs:sync"))
    ear = Ear()
    looked = "update syncd.projects set condition = 'ready', attempted_at = now() + interval '1 hour'"
    async with (
        open_connection(database.migrator_url) as superuser,
        serving(database.read_url) as origin,
        open_agent(origin, key, mode=mode) as agent,
    ):
        arguments = {"project": "guide", "wait": True}
        asked = asyncio.create_task(agent.call_tool("docs_sync", arguments, progress_callback=ear))
        async with asyncio.timeout(DEADLINE_SECONDS):
            await ear.heard_twice.wait()
        await superuser.execute(looked)
        answer = await asked
        quiet = await agent.call_tool("docs_sync", arguments)

    assert json.loads(text_of(answer))["synced"] is True
    assert json.loads(text_of(quiet))["synced"] is True
    assert {heard[1:] for heard in ear.heard} == {(syncs.WAIT_SECONDS, "waiting for a look at the source")}
    steps = [progress for progress, _, _ in ear.heard]
    assert len(steps) > 1
    assert steps == sorted(set(steps))


async def test_a_comparison_says_how_far_it_is(mirror: Mirror, database: Database, tmp_path: Path) -> None:
    party = await make_party(mirror, tmp_path)
    await party.publish(await party.add_project("guide", {"a.md": "# A\n"}), {"a.md": "# B\n"})
    ear = Ear()
    async with serving(database.read_url) as origin, open_agent(origin, party.api_key) as agent:
        arguments = {"id": "guide/a.md", "from": "v1"}
        answer = await agent.call_tool("docs_diff", arguments, progress_callback=ear)

    assert "+# B" in text_of(answer)
    assert ear.heard == [(1, 2, "both texts are read")]


@asynccontextmanager
async def connecting(way: str, party: Party, database: Database) -> AsyncIterator[Client]:
    if way == "pipe":
        async with open_pipe(party, database) as pipe:
            yield pipe.client
    else:
        async with serving(database.read_url) as origin, open_agent(origin, party.api_key, mode=way) as agent:
            yield agent


async def wait_for(connection: Connection, sleeping: int) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while await connection.fetchval(SLEEPING) != sleeping:
            pass


@pytest.mark.parametrize("way", ["pipe", MODERN])
async def test_a_call_that_is_cancelled_ends_its_query(
    mirror: Mirror, database: Database, tmp_path: Path, way: str
) -> None:
    party = await make_party(mirror, tmp_path)
    await party.add_project("guide", {"a.md": "# A\n\nwombat\n"})
    async with open_connection(database.migrator_url) as connection:
        await connection.execute(ASLEEP)
        name = await connection.fetchval("select current_database()")
        for login in LOGINS:
            await connection.execute(f"alter role {login.name} in database {name} set statement_timeout = '60s'")
        async with connecting(way, party, database) as agent:
            # Over HTTP what streams is cancelled with its connection; a plain answer is bounded by its deadline.
            asked = asyncio.create_task(agent.call_tool("docs_search", {"query": "wombat"}, progress_callback=Ear()))
            await wait_for(connection, 1)
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            await wait_for(connection, 0)
            listed = await agent.call_tool("docs_list", {"project": "guide"})

    assert "guide/a.md" in text_of(listed)
