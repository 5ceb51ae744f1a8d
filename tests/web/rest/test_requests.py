"""What holds for every route of REST: done once, no longer than wanted, for whom it is let, in one shape."""

import asyncio
from dataclasses import replace

import pytest

from syncd.adapters.redis.locks import RedisClient
from syncd.core.throttles import Rate
from syncd.services.tenants import get_tenant
from syncd.web.api.routes import ROUTES
from tests.web.rest.lists import API, read_pages
from tests.web.sites import Answer, Client, add_test_key, make_test_rest, make_test_site, open_client
from tests.web.tenants import Parties, Party

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_request_with_a_key_is_done_once_however_often_and_at_once_it_comes(
    client: Client, ours: Party
) -> None:
    body = {"name": "once"}

    async def send() -> Answer:
        return await client.send("POST", f"{API}/keys", body, key=ours.key, Idempotency_Key="a-1")

    answers = await asyncio.gather(*(send() for _ in range(8)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["keyId"] for answer in answers}) == 1
    told = [answer for answer in answers if answer.body["apiKey"] is not None]
    assert len(told) == 1  # a secret is told once
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers].count("true") == 7
    pages = await read_pages(client, f"{API}/keys", ours.key, limit=200)
    assert [one["name"] for one in pages[0]].count("once") == 1


async def test_a_key_is_for_one_body_one_route_and_one_caller(client: Client, parties: Parties) -> None:
    ours = parties.ours
    first = await client.send("POST", f"{API}/keys", {"name": "a"}, key=ours.key, Idempotency_Key="k")
    other_body = await client.send("POST", f"{API}/keys", {"name": "b"}, key=ours.key, Idempotency_Key="k")
    assert (other_body.status, other_body.error["code"]) == (409, "CONFLICT")
    path = f"{API}/keys/{first.body['keyId']}/rotate"
    assert (await client.send("POST", path, {}, key=ours.key, Idempotency_Key="k")).status == 201
    theirs = await client.send("POST", f"{API}/keys", {"name": "a"}, key=parties.theirs.key, Idempotency_Key="k")
    assert (theirs.status, theirs.body["apiKey"] is None) == (201, False)


async def test_what_was_refused_may_be_sent_again_with_the_same_key(client: Client, ours: Party) -> None:
    lock = f"{API}/projects/{ours.ids['project_id']}/lock"
    weak = await add_test_key(ours.mirror.web_pool, ours.mirror.tenant_id, scopes=["docs:read", "locks:write"])
    assert (await client.send("PUT", lock, {"reason": "mine"}, key=ours.key)).status == 200
    assert (await client.send("DELETE", lock, key=weak, Idempotency_Key="k")).status == 423
    assert (await client.send("DELETE", lock, key=ours.key)).status == 200
    assert (await client.send("DELETE", lock, key=weak, Idempotency_Key="k")).status == 200
    for bad in ("", "x" * 256, "\u00e9"):
        assert (await client.send("DELETE", lock, key=weak, Idempotency_Key=bad)).status == 400


async def test_a_caller_that_asks_too_often_is_told_when_to_come_again(ours: Party, redis: RedisClient) -> None:
    rest = replace(make_test_rest(redis), rate=Rate(interval_seconds=30.0, burst=2))
    async with open_client(make_test_site(ours.mirror.web_pool, redis, rest=rest)) as client:
        statuses = [(await client.get(f"{API}/projects", key=ours.key)).status for _ in range(3)]
        refused = await client.get(f"{API}/keys", key=ours.key)
        other = await add_test_key(ours.mirror.web_pool, ours.mirror.tenant_id)
        assert (await client.get(f"{API}/projects", key=other)).status == 200
    assert statuses == [200, 200, 429]
    assert (refused.status, refused.error["code"]) == (429, "RATE_LIMITED")
    assert 1 <= int(refused.headers["Retry-After"]) <= 30


async def test_every_way_in_takes_a_turn_of_the_caller(ours: Party, redis: RedisClient) -> None:
    rest = replace(make_test_rest(redis), rate=Rate(interval_seconds=30.0, burst=1))
    async with open_client(make_test_site(ours.mirror.web_pool, redis, rest=rest)) as client:
        key = await add_test_key(ours.mirror.web_pool, ours.mirror.tenant_id)
        assert (await client.get("/status", key=key)).status == 200
        for path in ("/status", f"/status/{ours.project.name}", "/events", "/api/v1", f"{API}/openapi.json"):
            assert (await client.get(path, key=key)).status == 429, path


async def test_where_anybody_may_look_each_address_has_turns_of_its_own(ours: Party, redis: RedisClient) -> None:
    rest = replace(make_test_rest(redis), rate=Rate(interval_seconds=30.0, burst=1))
    tenant = (await get_tenant(ours.mirror.web_pool, ours.mirror.tenant_id)).name
    async with open_client(make_test_site(ours.mirror.web_pool, redis, rest=rest, public_tenant=tenant)) as client:
        statuses = [
            (await client.get("/status", X_Forwarded_For=address)).status
            for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2")
        ]
    assert statuses == [200, 429, 200]


async def test_a_page_of_an_allowed_site_may_call_with_a_key_and_no_other(ours: Party, redis: RedisClient) -> None:
    rest = replace(make_test_rest(redis), cors_origins=frozenset({"https://tools.example"}))
    async with open_client(make_test_site(ours.mirror.web_pool, redis, rest=rest)) as client:
        asked = {"Access_Control_Request_Method": "PUT", "Origin": "https://tools.example"}
        allowed = await client.send("OPTIONS", f"{API}/projects", **asked)
        assert allowed.status == 204
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://tools.example"
        assert "Idempotency-Key" in allowed.headers["Access-Control-Allow-Headers"]
        read = await client.get(f"{API}/projects", key=ours.key, Origin="https://tools.example")
        assert "Origin" in read.headers["Vary"]
        refused = [
            await client.send("OPTIONS", f"{API}/projects", **{**asked, "Origin": "https://evil.example"}),
            await client.send("OPTIONS", "/status", **asked),
            await client.get(f"{API}/projects", key=ours.key, Origin="https://evil.example"),
            await client.get("/status", key=ours.key, Origin="https://tools.example"),
        ]
    for answer in (*refused, allowed, read):
        assert "Access-Control-Allow-Credentials" not in answer.headers
    assert all("Access-Control-Allow-Origin" not in answer.headers for answer in refused)
    assert [answer.status for answer in refused] == [405, 405, 200, 200]


async def test_a_path_that_is_none_and_a_method_that_is_none_have_the_same_shape(client: Client, ours: Party) -> None:
    absent = await client.get(f"{API}/nothing", key=ours.key)
    assert (absent.status, absent.error["code"]) == (404, "NOT_FOUND")
    wrong = await client.send("DELETE", f"{API}/projects", key=ours.key)
    assert (wrong.status, wrong.error["code"], wrong.headers["Allow"]) == (405, "METHOD_NOT_ALLOWED", "GET,HEAD,POST")
    head = await client.get(f"{API}/projects", key=ours.key, method="HEAD")
    assert (head.status, "ETag" in head.headers) == (200, True)


async def test_the_public_reads_the_status_only_where_it_is_let(parties: Parties, redis: RedisClient) -> None:
    pool = parties.ours.mirror.web_pool
    async with open_client(make_test_site(pool, redis)) as client:
        assert (await client.get("/status", Accept="application/json")).status == 401
    async with open_client(make_test_site(pool, redis, public_tenant="acme")) as client:
        shown = await client.get("/status", Accept="application/json")
        assert parties.ours.project.name in [one["name"] for one in shown.body["projects"]]
        assert (await client.get("/status", key="syncd_test_bad", Accept="application/json")).status == 401
        assert (await client.get(f"{API}/projects")).status == 401
    async with open_client(make_test_site(pool, redis, public_tenant="nobody")) as client:
        assert (await client.get("/status", Accept="application/json")).status == 401


async def test_every_route_has_a_handler_and_an_address_of_its_own() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    assert len({route.handler for route in ROUTES}) == len(ROUTES)
