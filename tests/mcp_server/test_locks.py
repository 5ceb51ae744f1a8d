"""Agents that freeze, lift and sync: by their scopes alone, and everybody is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import LeaseLost
from syncd.adapters.postgres.queue import mark_attempted, mark_condition
from syncd.adapters.postgres.transactions import fenced, in_project
from syncd.core.projects import Project
from syncd.errors import Busy, Stalled
from syncd.services.locking import holding
from tests.databases import Database
from tests.mcp_server.agents import call, open_agent, text_of
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import Party, make_party
from tests.mirror import open_mirror

WRITER = ("docs:read", "docs:sync", "locks:write")


@dataclass(frozen=True, slots=True)
class Served:
    """A project that is served, and the key of an agent that may freeze and sync it."""

    origin: str
    party: Party
    project: Project
    key: str
    key_id: str

    async def call(self, tool: str, *, key: str | None = None, **arguments: object) -> dict[str, Any]:
        answer = await call(self.origin, key or self.key, tool, **arguments)
        assert not answer.is_error, text_of(answer)
        values: dict[str, Any] = json.loads(text_of(answer))
        return values

    async def fail(self, tool: str, *, key: str | None = None, **arguments: object) -> str:
        answer = await call(self.origin, key or self.key, tool, **arguments)
        assert answer.is_error, text_of(answer)
        return text_of(answer)

    async def get_queued(self) -> dict[str, Any]:
        async with in_project(
            self.party.mirror.pool, self.party.mirror.tenant_id, self.project.project_id
        ) as connection:
            row = await connection.fetchrow(
                "select requested_at from sync_queue where project_id = $1", self.project.project_id
            )
        assert row is not None
        return dict(row)


@pytest_asyncio.fixture
async def served(database: Database, redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Served]:
    async with open_mirror(database, redis_server) as mirror, serving(database.read_url) as origin:
        party = await make_party(mirror, tmp_path)
        project = await party.add_project("guide", {"docs/a.md": "# A\n\nfirst\n"})
        key, key_id = await party.make_key(scopes=WRITER)
        yield Served(origin, party, project, key, key_id)


@asynccontextmanager
async def holding_project(served: Served) -> AsyncIterator[Any]:
    mirror = served.party.mirror
    async with holding(mirror.locking, mirror.tenant_id, served.project.project_id, reason="poll") as lock:
        yield lock


async def test_a_frozen_project_is_read_on_and_says_who_froze_it_and_why(served: Served) -> None:
    frozen = await served.call("docs_lock", project="guide", action="freeze", reason="the release", until="2h")
    assert frozen["changed"] == "frozen"
    assert frozen["lock"]["lockedBy"] == f"key {served.key_id}"
    assert (frozen["lock"]["reason"], frozen["lock"]["kind"]) == ("the release", "freeze")
    with pytest.raises(Busy, match="the release"):
        async with holding_project(served):
            pytest.fail("a frozen project was held")

    text = text_of(await call(served.origin, served.party.api_key, "docs_read", id="guide/a"))
    (shown,) = (await served.call("docs_projects"))["projects"]
    assert "first" in text
    assert f"frozen by key {served.key_id} since" in text.splitlines()[0]
    assert ": the release" in text.splitlines()[0]
    assert shown["lock"] == frozen["lock"]

    lifted = await served.call("docs_lock", project="guide", action="unfreeze")
    assert (lifted["changed"], lifted["lock"]) == ("unfrozen", None)
    assert (await served.get_queued())["requested_at"] is not None
    async with holding_project(served):
        pass


async def test_a_freeze_by_an_agent_stops_the_sync_that_runs(served: Served) -> None:
    async with holding_project(served) as lock:
        assert (await served.call("docs_lock", project="guide", action="show"))["lock"]["lockedBy"] == "tester"
        await served.call("docs_lock", project="guide", action="freeze", reason="incident")
        with pytest.raises(LeaseLost):
            async with fenced(served.party.mirror.pool, lock):
                pytest.fail("it wrote after the freeze")


async def test_an_agent_lifts_its_own_freeze_and_an_admin_anybodys(served: Served) -> None:
    other, _ = await served.party.make_key(scopes=WRITER)
    admin, _ = await served.party.make_key(scopes=(*WRITER, "admin"))
    await served.call("docs_lock", project="guide", action="freeze", reason="mine")
    refused = await served.fail("docs_lock", key=other, project="guide", action="unfreeze")
    assert f"frozen by key {served.key_id}: mine" in refused
    assert "frozen" in await served.fail("docs_lock", key=other, project="guide", action="freeze", reason="theirs")
    assert (await served.call("docs_lock", key=admin, project="guide", action="unfreeze"))["changed"] == "unfrozen"
    assert (await served.call("docs_lock", project="guide", action="unfreeze"))["changed"] == "nothing"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"action": "freeze"}, "needs a reason"),
        ({"action": "freeze", "reason": " "}, "A reason is missing"),
        ({"action": "freeze", "reason": "x", "until": "yesterday"}, "neither a time nor a span"),
        ({"action": "freeze", "reason": "x", "until": "2020-01-01T00:00:00Z"}, "has passed"),
        ({"action": "freeze", "reason": "x", "until": "99999w"}, "too far away"),
        ({"action": "thaw"}, "unfreeze"),
        ({"action": "show", "project": "gide"}, "guide"),
    ],
)
async def test_a_wrong_call_is_told_what_is_right_and_changes_nothing(
    served: Served, arguments: dict[str, Any], said: str
) -> None:
    assert said in await served.fail("docs_lock", key=served.key, **{"project": "guide", **arguments})
    assert (await served.call("docs_lock", project="guide", action="show"))["lock"] is None


async def test_the_tools_are_listed_for_their_scopes_alone(served: Served) -> None:
    async with open_agent(served.origin, served.key) as client:
        assert {"docs_lock", "docs_sync"} <= {tool.name for tool in (await client.list_tools()).tools}
    async with open_agent(served.origin, served.party.api_key) as client:
        assert {"docs_lock", "docs_sync"}.isdisjoint(tool.name for tool in (await client.list_tools()).tools)


async def test_a_request_to_sync_marks_the_project_due(served: Served) -> None:
    assert (await served.call("docs_sync", project="guide"))["requested"]
    assert (await served.get_queued())["requested_at"] is not None


async def test_syncs_that_are_waited_for_hold_no_connection(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with (
        open_mirror(database, redis_server) as mirror,
        serving(database.read_url, pool_connections=1) as origin,
    ):
        party = await make_party(mirror, tmp_path)
        project = await party.add_project("guide", {"docs/a.md": "# A\n\nfirst\n"})
        served = Served(origin, party, project, *await party.make_key(scopes=WRITER))
        waiting = [asyncio.create_task(served.call("docs_sync", project="guide", wait=True)) for _ in range(2)]
        async with asyncio.timeout(5):
            while (await served.get_queued())["requested_at"] is None:
                pass
            read = await call(origin, party.api_key, "docs_search", query="first")
        assert "guide/docs/a.md" in text_of(read)
        assert not any(one.done() for one in waiting)
        async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
            began_after_both = datetime.now(UTC) + timedelta(minutes=1)
            await mark_attempted(connection, project.project_id, began_after_both)
        assert [answer["synced"] for answer in await asyncio.gather(*waiting)] == [True, True]


@pytest.mark.parametrize("trouble", [None, Stalled("branch_missing", "There is no branch main.")])
async def test_a_sync_that_is_waited_for_answers_when_the_look_has_ended(
    served: Served, trouble: Stalled | None
) -> None:
    waiting = asyncio.create_task(served.call("docs_sync", project="guide", wait=True))
    async with asyncio.timeout(5):
        while (requested_at := (await served.get_queued())["requested_at"]) is None:
            pass
    assert not waiting.done()
    mirror, project_id = served.party.mirror, served.project.project_id
    async with in_project(mirror.pool, mirror.tenant_id, project_id) as connection:  # what the daemon writes down
        if trouble is None:
            await connection.execute("update projects set condition = 'ready' where project_id = $1", project_id)
            await mark_attempted(connection, project_id, requested_at)
        else:
            times = {"next_try_at": datetime.now(UTC), "attempted_at": requested_at}
            await mark_condition(connection, project_id, "stalled", error=trouble, **times)
    answer = await asyncio.wait_for(waiting, 5)
    assert answer["synced"] is (trouble is None)
    assert "next" not in answer
    assert trouble is None or "There is no branch main." in answer["state"]
