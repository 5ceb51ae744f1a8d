"""Every route of REST, asked by everybody who may not: the right status, the same body, and nothing of another tenant."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import open_redis_client
from syncd.core.keys import ALL_SCOPES
from syncd.core.users import Role
from syncd.web.api.route import Access, Route
from syncd.web.api.routes import ROUTES
from syncd.web.auth import SAFE_METHODS
from tests.databases import make_database
from tests.web.people import add_test_user, signed_in
from tests.web.sites import (
    Answer,
    Client,
    add_platform_test_key,
    add_test_key,
    make_test_site,
    open_client,
)
from tests.web.tenants import Parties, fill_path, make_absent_ids, open_parties

TENANT_ROUTES = [route for route in ROUTES if route.access is Access.TENANT]
PLATFORM_ROUTES = [route for route in ROUTES if route.access is Access.PLATFORM]
WITH_IDS = [route for route in TENANT_ROUTES if "{" in route.path]
CODES = {400: "VALIDATION_ERROR", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND"}


def name_route(route: Route) -> str:
    return f"{route.method} {route.path}"


def make_body(route: Route) -> dict[str, object] | None:
    """Return a body that *route* takes."""
    if route.body is None:
        return None
    known = {"reason": "r", "expectedFence": 1, "name": "x", "active": True}
    return {name: known[name] for name in route.body.model_json_schema()["properties"] if name in known}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def parties(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Parties]:
    """Two tenants of this module: what is refused changes nothing."""
    directory: Path = tmp_path_factory.mktemp("parties")
    async with (
        make_database(postgres, template) as database,
        open_parties(database, redis_server, directory) as opened,
    ):
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site_client(parties: Parties, redis_server: RedisServer) -> AsyncIterator[Client]:
    async with (
        open_redis_client(redis_server.url) as redis,
        open_client(make_test_site(parties.ours.mirror.web_pool, redis)) as opened,
    ):
        yield opened


def check(answer: Answer, status: int, code: str | None = None) -> None:
    assert (answer.status, answer.error["code"]) == (status, code or CODES[status])


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("route", [*TENANT_ROUTES, *PLATFORM_ROUTES], ids=name_route)
async def test_who_is_nobody_gets_one_answer(site_client: Client, parties: Parties, route: Route) -> None:
    pool, tenant_id = parties.ours.mirror.web_pool, parties.ours.mirror.tenant_id
    path = fill_path(route, parties.ours.ids)
    keys = [
        None,
        "",
        "syncd_test_bad",
        parties.ours.key[:-1] + ("1" if parties.ours.key[-1] == "0" else "0"),
        await add_test_key(pool, tenant_id, scopes=ALL_SCOPES, stored=False),
        await add_test_key(pool, tenant_id, scopes=ALL_SCOPES, revoked=True),
        await add_test_key(pool, tenant_id, scopes=ALL_SCOPES, expired=True),
        await add_platform_test_key(pool, revoked=True),
        await add_platform_test_key(pool, expired=True),
    ]
    refused = [await site_client.send(route.method, path, key=key) for key in keys]
    refused.append(await site_client.send(route.method, path, Cookie="syncd_session=made-up"))
    for answer in refused:
        check(answer, 401)
    assert all(answer.error == refused[0].error for answer in refused)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("route", TENANT_ROUTES, ids=name_route)
async def test_a_key_with_another_tenants_id_is_refused(site_client: Client, parties: Parties, route: Route) -> None:
    path, foreign = fill_path(route, parties.ours.ids), str(parties.theirs.mirror.tenant_id)
    check(await site_client.send(route.method, path, key=parties.ours.key, X_Tenant_ID=foreign), 403)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("route", TENANT_ROUTES, ids=name_route)
async def test_a_platform_key_names_a_tenant_that_is_there(site_client: Client, parties: Parties, route: Route) -> None:
    path = fill_path(route, parties.ours.ids)
    check(await site_client.send(route.method, path, key=parties.platform), 400, "MISSING_TENANT")
    for named in (make_absent_ids()["tenant_id"], "no id"):
        check(await site_client.send(route.method, path, key=parties.platform, X_Tenant_ID=named), 404)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("route", [route for route in TENANT_ROUTES if route.scope], ids=name_route)
async def test_a_missing_scope_is_refused_whatever_is_asked(
    site_client: Client, parties: Parties, route: Route
) -> None:
    pool, tenant_id = parties.ours.mirror.web_pool, parties.ours.mirror.tenant_id
    key = await add_test_key(pool, tenant_id, scopes=[scope for scope in ALL_SCOPES if scope != route.scope])
    for ids in (parties.ours.ids, make_absent_ids()):
        check(await site_client.send(route.method, fill_path(route, ids), key=key), 403)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("route", [route for route in TENANT_ROUTES if route.whole_tenant], ids=name_route)
async def test_a_key_of_some_projects_does_nothing_to_the_whole_tenant(
    site_client: Client, parties: Parties, route: Route
) -> None:
    ours = parties.ours
    key = await add_test_key(
        ours.mirror.web_pool, ours.mirror.tenant_id, scopes=ALL_SCOPES, project_ids=[ours.project.project_id]
    )
    check(await site_client.send(route.method, fill_path(route, ours.ids), key=key), 403)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("route", WITH_IDS, ids=name_route)
async def test_what_is_foreign_and_what_is_absent_get_the_same_answer(
    site_client: Client, parties: Parties, route: Route
) -> None:
    said = []
    for ids in (parties.theirs.ids, make_absent_ids()):
        answer = await site_client.send(route.method, fill_path(route, ids), make_body(route), key=parties.ours.key)
        check(answer, 404)
        text = json.dumps(answer.error)
        for value in ids.values():
            text = text.replace(value, "ID")
        said.append(text)
    assert said[0] == said[1]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("route", WITH_IDS, ids=name_route)
@pytest.mark.parametrize("written", ["no-id", "%00", "'", "%2e%2e", "0" * 36, "é" * 20])
async def test_what_cannot_be_an_id_is_absent(
    site_client: Client, parties: Parties, route: Route, written: str
) -> None:
    ids = dict.fromkeys(parties.ours.ids, written)
    answer = await site_client.send(route.method, fill_path(route, ids), make_body(route), key=parties.ours.key)
    assert answer.status in {404, 405}  # two dots are taken out of an address before it is sent


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("route", [route for route in TENANT_ROUTES if route.method == "GET"], ids=name_route)
async def test_nothing_that_is_read_names_anything_of_another_tenant(
    site_client: Client, parties: Parties, route: Route
) -> None:
    for us, them in ((parties.ours, parties.theirs), (parties.theirs, parties.ours)):
        own = await site_client.send("GET", fill_path(route, us.ids), key=us.key)
        as_platform = await site_client.send(
            "GET", fill_path(route, us.ids), key=parties.platform, X_Tenant_ID=us.ids["tenant_id"]
        )
        for answer in (own, as_platform):
            assert answer.status == 200
            text = json.dumps([answer.body, dict(answer.headers)])
            assert [canary for canary in them.canaries if canary in text] == []


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("route", PLATFORM_ROUTES, ids=name_route)
async def test_tenants_are_the_business_of_platform_keys_alone(
    site_client: Client, parties: Parties, route: Route
) -> None:
    check(await site_client.send(route.method, fill_path(route, parties.ours.ids), key=parties.ours.key), 403)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    "route", [route for route in TENANT_ROUTES if route.method not in SAFE_METHODS], ids=name_route
)
async def test_no_write_by_cookie_goes_without_its_csrf_token(
    site_client: Client, parties: Parties, route: Route
) -> None:
    async with signed_in(site_client, parties.ours.mirror, parties.ours.user) as browser:
        path = fill_path(route, parties.ours.ids)
        check(await browser.send(route.method, path, X_CSRF_Token=""), 403)
        check(await browser.send(route.method, path, Origin="https://evil.example"), 403)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("role", list(Role))
async def test_a_role_does_what_its_scopes_say(site_client: Client, parties: Parties, role: Role) -> None:
    mirror = parties.ours.mirror
    user = await add_test_user(mirror, f"the_{role}@acme.example", role=role)
    async with signed_in(site_client, mirror, user) as browser:
        seen = await browser.send(
            "GET", fill_path(next(r for r in ROUTES if r.path.endswith("/lock")), parties.ours.ids)
        )
        people = await browser.send("GET", "/api/v1/users")
        promoted = await browser.send("PATCH", f"/api/v1/users/{parties.ours.user.user_id}", {"displayName": "Boss"})
    assert seen.status == 200
    assert people.status == (403 if role is Role.MEMBER else 200)
    assert promoted.status == (200 if role is Role.OWNER else 403)
