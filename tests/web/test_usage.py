"""Usage over REST: what the agents of the tenant asked, and nobody else's."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.transactions import writing
from syncd.adapters.postgres.usage import put_quota, record_requests
from syncd.adapters.redis.locks import open_redis_client
from syncd.core.usage import AgentRequest, Quota, measure_requests
from tests.mirror import Mirror
from tests.web.sites import Client, make_test_rest, make_test_site, open_client
from tests.web.tenants import Parties

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(parties: Parties, redis_server: RedisServer) -> AsyncIterator[Client]:
    async with open_redis_client(redis_server.url) as redis:
        rest = make_test_rest(redis)
        async with open_client(make_test_site(parties.ours.mirror.web_pool, redis, rest=rest)) as opened:
            yield opened


async def use(mirror: Mirror, tool: str, *, tokens: int) -> None:
    now = datetime.now(UTC)
    request = AgentRequest(
        request_id=uuid4(), requested_at=now, key_id="agent", tool=tool, argument_hash=None, outcome="ok", rows=1,
        bytes=4 * tokens, tokens=tokens, milliseconds=2.5,
    )  # fmt: skip
    async with writing(mirror.read_pool, mirror.tenant_id) as connection:
        usage = {(request.day, request.key_id, tool): measure_requests((request,), recorded=True)}
        assert await record_requests(connection, [request], usage)


async def test_usage_is_told_by_day_tool_and_key_beside_the_quota(client: Client, parties: Parties) -> None:
    ours, theirs = parties.ours, parties.theirs
    for tool, tokens in (("docs_read", 10), ("docs_read", 20), ("docs_search", 5)):
        await use(ours.mirror, tool, tokens=tokens)
    await use(theirs.mirror, "fetch", tokens=1000)
    async with writing(ours.mirror.web_pool, ours.mirror.tenant_id) as connection:
        await put_quota(connection, Quota(calls_per_day=100))

    told = {
        by: await client.send("GET", f"/api/v1/usage?by={by}&days=2", key=ours.key) for by in ("day", "tool", "key")
    }

    assert {answer.status for answer in told.values()} == {200}
    tools = told["tool"].body
    assert [(item["name"], item["calls"], item["tokens"]) for item in tools["items"]] == [
        ("docs_read", 2, 30),
        ("docs_search", 1, 5),
    ]
    assert tools["today"] == {"calls": 3, "tokens": 35, "quota": {"callsPerDay": 100, "tokensPerDay": None}}
    today = datetime.now(UTC).date().isoformat()
    assert (tools["until"], [item["name"] for item in told["day"].body["items"]]) == (today, [today])
    assert [(item["name"], item["milliseconds"]) for item in told["key"].body["items"]] == [("agent", 7.5)]


@pytest.mark.parametrize("query", ["days=0", "days=100000", "by=tenant", "since=1"])
async def test_a_question_that_is_wrong_is_said(client: Client, parties: Parties, query: str) -> None:
    answer = await client.send("GET", f"/api/v1/usage?{query}", key=parties.ours.key)
    assert answer.status == 400
