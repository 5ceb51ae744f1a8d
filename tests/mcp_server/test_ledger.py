"""The accounts: every request is written down once, whatever is lost, doubled or refused; and a quota ends a day."""

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from mcp_server import ledger as ledgers
from mcp_server.identity import Caller
from mcp_server.ledger import Answered, Ledger
from mcp_server.limits import Overloaded
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import open_connection, open_pool
from syncd.adapters.postgres.transactions import reading, writing
from syncd.adapters.postgres.usage import Grouping, get_spending, list_usage, put_quota, record_requests
from syncd.core.ids import TenantId
from syncd.core.usage import Quota
from syncd.services.retention import forget_requests
from tests.databases import Database
from tests.mcp_server.agents import open_agent, post, request
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import Party, World, make_party
from tests.mirror import Mirror, open_mirror

CALL = Answered(tool="docs_read", arguments={"id": "a"}, outcome="ok", seconds=0.01, rows=1, text="x" * 41)


def make_caller(mirror: Mirror) -> Caller:
    return Caller(mirror.tenant_id, "key1", frozenset({"docs:read"}), None, None)


def utc_now() -> datetime:
    return datetime.now(UTC)


def make_ledger(mirror: Mirror) -> Ledger:
    return Ledger(mirror.read_pool, key=b"k", clock=utc_now)


async def list_requests(mirror: Mirror) -> list[Mapping[str, Any]]:
    async with reading(mirror.web_pool, mirror.tenant_id) as connection:
        rows = await connection.fetch(
            "select key_id, tool, argument_hash, outcome, rows, bytes, tokens from agent_requests order by request_id"
        )
    return [dict(row) for row in rows]


async def sum_usage(mirror: Mirror, by: Grouping = "tool") -> dict[str, tuple[int, int, int, int]]:
    async with reading(mirror.web_pool, mirror.tenant_id) as connection:
        used = await list_usage(connection, date(2000, 1, 1), date(3000, 1, 1), by=by)
    return {one.name: (one.calls, one.failed, one.refused, one.unrecorded) for one in used}


async def test_every_request_is_written_down_with_what_it_took(
    mirror: Mirror, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    party = await make_party(mirror, tmp_path_factory.mktemp("party"))
    await party.add_project("guide", {"docs/a.md": "# A\n\nThe word wombat.\n", "docs/b.md": "# B\n\nwombat\n"})
    async with serving(database.read_url) as origin, open_agent(origin, party.api_key, mode="2026-07-28") as client:
        answer = await client.call_tool("docs_search", {"query": "wombat"})
        await client.call_tool("docs_read", {"id": "guide/docs/nothing.md"})
        await client.call_tool("docs_read", {"id": 7})
        await client.read_resource("doc://guide/docs/a.md")
        for body in (request("tools/call", name="no_such", arguments={}), request("no/such\0method")):
            await post(origin, party.api_key, body)

    rows = {row["tool"]: row for row in await list_requests(mirror)}
    assert [row["outcome"] for row in await list_requests(mirror) if row["tool"] == "docs_read"] == [
        "document_not_found",
        "wrong_arguments",
    ]
    assert answer.content[0].type == "text"
    size = len(answer.content[0].text)
    found = rows["docs_search"]
    assert (found["key_id"], found["outcome"], found["rows"], found["tokens"]) == (party.key_id, "ok", 2, -(-size // 4))
    assert found["bytes"] >= size
    assert "wombat" not in json.dumps(rows, default=str)
    assert (rows["resources/read"]["outcome"], rows["resources/read"]["rows"]) == ("ok", 1)
    assert rows["unknown_tool"]["outcome"] == "error_32602"
    assert rows["unknown_method"]["outcome"] == "error_32601"
    used = await sum_usage(mirror)
    assert (used["docs_search"], used["docs_read"]) == ((1, 0, 0, 0), (2, 2, 0, 0))
    assert sum(calls for calls, *_ in used.values()) == len(await list_requests(mirror))
    assert await sum_usage(mirror, "key") == {party.key_id: (len(await list_requests(mirror)), 4, 0, 0)}


async def test_the_history_of_a_lock_names_the_call_of_an_agent_that_is_written_down(
    mirror: Mirror, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    party = await make_party(mirror, tmp_path_factory.mktemp("party"))
    await party.add_project("guide", {"docs/a.md": "# A\n"})
    key, _ = await party.make_key(scopes=("docs:read", "locks:write"))
    async with serving(database.read_url) as origin:
        for change in ({"action": "freeze", "reason": "the release"}, {"action": "unfreeze"}):
            await post(origin, key, request("tools/call", name="docs_lock", arguments={"project": "guide", **change}))
    async with reading(mirror.web_pool, mirror.tenant_id) as connection:
        rows = await connection.fetch(
            "select action, tool from lock_events e join agent_requests r on r.request_id::text = e.request_id order by at"
        )
    assert [tuple(row) for row in rows] == [("freeze", "docs_lock"), ("unfreeze", "docs_lock")]


async def test_a_refused_call_is_counted_as_refused(
    mirror: Mirror, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    party = await make_party(mirror, tmp_path_factory.mktemp("party"))
    async with serving(database.read_url, mcp_calls_per_minute=1, mcp_burst_calls=1) as origin:
        for _ in range(3):
            await post(origin, party.api_key, request("tools/call", name="docs_projects", arguments={}))
    assert await sum_usage(mirror) == {"docs_projects": (3, 0, 2, 0)}
    async with reading(mirror.web_pool, mirror.tenant_id) as connection:
        assert (await get_spending(connection, utc_now().date())).calls == 1


async def test_arguments_are_told_apart_by_a_keyed_hash(mirror: Mirror) -> None:
    ledger, other = make_ledger(mirror), Ledger(mirror.read_pool, key=b"other", clock=utc_now)
    hashes = [ledger._hash(one) for one in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1}, {"a": "\ud800"}, {}, None)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert hashes[4:] == [None, None]
    assert len(hashes[3] or "") == 32
    assert other._hash({"a": 1}) != ledger._hash({"a": 1})


async def test_a_batch_whose_answer_was_lost_counts_once(mirror: Mirror) -> None:
    ledger = make_ledger(mirror)
    ledger.note(make_caller(mirror), CALL)
    book = ledger._books[mirror.tenant_id]
    batch = book.cut()
    assert batch is not None
    async with writing(mirror.read_pool, mirror.tenant_id) as connection:
        assert await record_requests(connection, batch.requests, batch.usage)

    ledger.note(make_caller(mirror), CALL)
    assert await ledger.flush() == 0

    assert await sum_usage(mirror) == {"docs_read": (2, 0, 0, 0)}
    assert len(await list_requests(mirror)) == 2
    assert ledger._waiting == 0


async def test_what_is_noted_while_a_batch_is_written_waits_for_the_next(mirror: Mirror, database: Database) -> None:
    ledger = make_ledger(mirror)
    ledger.note(make_caller(mirror), CALL)
    async with open_connection(database.migrator_url) as holder, asyncio.TaskGroup() as tasks:
        async with holder.transaction():
            await holder.execute("lock table agent_requests in access exclusive mode")
            flushing = tasks.create_task(ledger.flush())
            async with asyncio.timeout(5):
                while not await holder.fetchval("select exists (select from pg_locks where not granted)"):
                    pass
            ledger.note(make_caller(mirror), CALL)
        assert await flushing == 0
    assert await sum_usage(mirror) == {"docs_read": (1, 0, 0, 0)}
    assert await ledger.flush() == 0
    assert await sum_usage(mirror) == {"docs_read": (2, 0, 0, 0)}


async def test_while_the_database_is_away_accounts_wait(mirror: Mirror, database: Database, closed_port: int) -> None:
    async with open_pool(database.read_url, size=1) as pool:
        ledger = Ledger(pool, key=b"k", clock=utc_now)
        ledger.note(make_caller(mirror), CALL)
        await pool.close()
        assert await ledger.flush() == 1
        ledger.note(make_caller(mirror), CALL)
        ledger._pool = mirror.read_pool
        assert await ledger.flush() == 0
    assert await sum_usage(mirror) == {"docs_read": (2, 0, 0, 0)}


async def test_of_more_than_fit_the_sums_stay_and_say_how_many_rows_are_missing(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "MAX_WAITING_REQUESTS", 3)
    monkeypatch.setattr(ledgers, "BATCH_REQUESTS", 2)
    ledger = make_ledger(mirror)
    for _ in range(5):
        ledger.note(make_caller(mirror), CALL)
    await ledger.flush()
    assert await sum_usage(mirror) == {"docs_read": (5, 0, 0, 2)}
    assert len(await list_requests(mirror)) == 3
    assert ledger._waiting == 0


async def test_what_cannot_be_written_at_the_end_is_counted_in_the_log(
    mirror: Mirror, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_pool(database.read_url, size=1) as pool:
        ledger = Ledger(pool, key=b"k", clock=utc_now)
        for _ in range(3):
            ledger.note(make_caller(mirror), CALL)
        await pool.close()
        with caplog.at_level(logging.ERROR, logger="mcp_server.ledger"):
            await ledger.drain()
    (lost,) = [record for record in caplog.records if record.message == "accounting_lost"]
    assert vars(lost)["calls"] == 3


async def test_accounts_of_a_tenant_that_is_gone_are_given_up_and_those_of_others_are_written(
    mirror: Mirror, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = make_ledger(mirror)
    gone = Caller(TenantId(UUID(int=1)), "key1", frozenset(), None, None)
    with caplog.at_level(logging.ERROR, logger="mcp_server.ledger"):
        for caller in (gone, make_caller(mirror)):
            ledger.note(caller, CALL)
        assert await ledger.flush() == 0
    assert [record.message for record in caplog.records] == ["accounting_lost"]
    assert await sum_usage(mirror) == {"docs_read": (1, 0, 0, 0)}
    assert ledger._waiting == 0


async def test_two_servers_add_to_the_same_day(mirror: Mirror) -> None:
    servers = [make_ledger(mirror) for _ in range(4)]
    for ledger in servers:
        for tool in ("docs_read", "docs_search", "fetch"):
            for _ in range(5):
                ledger.note(make_caller(mirror), Answered(tool=tool, arguments=None, outcome="ok", seconds=0))
    assert sum(await asyncio.gather(*(ledger.flush() for ledger in servers))) == 0
    assert await sum_usage(mirror) == dict.fromkeys(("docs_read", "docs_search", "fetch"), (20, 0, 0, 0))


async def test_a_quota_ends_the_day_for_its_tenant_alone_and_begins_anew(
    database: Database, redis_server: RedisServer
) -> None:
    async with (
        open_mirror(database, redis_server, tenant="acme") as acme,
        open_mirror(database, redis_server, tenant="globex") as globex,
    ):
        async with writing(acme.web_pool, acme.tenant_id) as connection:
            await put_quota(connection, Quota(calls_per_day=2))
        now = [datetime(2026, 11, 21, 23, 0, tzinfo=UTC)]
        ledger = Ledger(acme.read_pool, key=b"k", clock=lambda: now[0])
        for _ in range(2):
            await ledger.require_quota(acme.tenant_id)
            ledger.note(make_caller(acme), CALL)
        with pytest.raises(Overloaded, match="used up for today") as refused:
            await ledger.require_quota(acme.tenant_id)
        assert refused.value.after_seconds == 3600
        await ledger.require_quota(globex.tenant_id)
        await ledger.flush()
        other_server = Ledger(acme.read_pool, key=b"k", clock=lambda: now[0])
        with pytest.raises(Overloaded):
            await other_server.require_quota(acme.tenant_id)
        now[0] += timedelta(hours=1)
        await ledger.require_quota(acme.tenant_id)


async def test_a_raised_quota_is_heard_of_at_the_next_writing(mirror: Mirror) -> None:
    ledger = make_ledger(mirror)
    async with writing(mirror.web_pool, mirror.tenant_id) as connection:
        await put_quota(connection, Quota(tokens_per_day=11))
    ledger.note(make_caller(mirror), CALL)
    with pytest.raises(Overloaded):
        await ledger.require_quota(mirror.tenant_id)
    async with writing(mirror.web_pool, mirror.tenant_id) as connection:
        await put_quota(connection, Quota(tokens_per_day=12))
    await ledger.flush()
    await ledger.require_quota(mirror.tenant_id)


async def test_old_requests_are_forgotten_and_their_sums_stay(database: Database, redis_server: RedisServer) -> None:
    async with (
        open_mirror(database, redis_server, tenant="acme") as acme,
        open_mirror(database, redis_server, tenant="globex") as globex,
    ):
        now = utc_now()
        for mirror in (acme, globex):
            for moment in (now - timedelta(days=2), now):
                ledger = Ledger(mirror.read_pool, key=b"k", clock=lambda moment=moment: moment)  # type: ignore[misc]
                ledger.note(make_caller(mirror), CALL)
                await ledger.flush()
        assert await forget_requests(acme.pool, now - timedelta(days=1)) == 2
        assert await forget_requests(acme.pool, now - timedelta(days=1)) == 0
        for mirror in (acme, globex):
            assert len(await list_requests(mirror)) == 1
            assert await sum_usage(mirror) == {"docs_read": (2, 0, 0, 0)}


async def test_who_removes_requests_works_for_the_same_tenant_as_before(mirror: Mirror, database: Database) -> None:
    async with open_connection(database.sync_url) as connection, connection.transaction():
        await connection.execute("select set_config('syncd.tenant', $1, true)", str(mirror.tenant_id))
        await connection.fetchval("select remove_requests(now(), 5)")
        assert await connection.fetchval("select current_tenant()") == mirror.tenant_id


@pytest.mark.asyncio(loop_scope="session")
async def test_accounting_waits_for_nothing_on_the_way_of_a_call(world: World) -> None:
    party: Party = world.acme
    async with open_pool(world.database.read_url, size=1) as pool:
        ledger = Ledger(pool, key=b"k", clock=utc_now)
        async with pool.acquire():  # whoever asked the database now would wait for ever
            ledger.note(make_caller(party.mirror), CALL)
