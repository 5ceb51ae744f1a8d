"""REST against its own OpenAPI document: what it generates breaks nothing, and every status that it documents is reached."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jsonschema
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import Pool, open_pool
from syncd.adapters.postgres.tenants import add_tenant, find_tenant_by_id
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from syncd.core.ids import TenantId
from syncd.core.keys import ALL_SCOPES
from syncd.core.projects import NewProject
from syncd.core.throttles import Rate
from syncd.core.users import Role
from syncd.services.signing_in import ADDRESS_RATE
from syncd.web.api.openapi import list_statuses, make_openapi
from syncd.web.api.route import Access, Route
from syncd.web.api.routes import ROUTES
from syncd.web.app import BODY_MAX_BYTES
from tests.databases import make_database
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import open_fake_github
from tests.web.people import PASSWORD, add_test_user, make_test_link, signed_in
from tests.web.sites import Answer, Client, add_test_key, make_test_rest, make_test_site, open_client
from tests.web.tenants import Parties, Party, fill_path, make_absent_ids, open_parties

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOCUMENT = make_openapi(ROUTES)
# What is deleted is gone for what comes after it.
ORDER = ("GET", "PUT", "PATCH", "POST", "DELETE")
OPERATIONS = sorted(ROUTES, key=lambda route: ORDER.index(route.method))


def name_route(route: Route) -> str:
    return f"{route.method} {route.path}"


@dataclass(frozen=True, slots=True)
class Place:
    """Two tenants and the endpoint over them, with a GitHub that has one repository."""

    parties: Parties
    client: Client
    redis: RedisClient
    github_url: str
    closed_pool: Pool

    @asynccontextmanager
    async def open_other(self, *, rate: Rate | None = None, pool: "Pool | None" = None) -> AsyncIterator[Client]:
        """Serve the same with another rate or another pool."""
        rest = make_test_rest(self.redis, github_url=self.github_url)
        rest = replace(rest, rate=rate or rest.rate)
        async with open_client(
            make_test_site(pool or self.parties.ours.mirror.web_pool, self.redis, rest=rest)
        ) as opened:
            yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    directory: Path = tmp_path_factory.mktemp("openapi")
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(make_database(postgres, template))
        parties = await stack.enter_async_context(open_parties(database, redis_server, directory))
        redis = await stack.enter_async_context(open_redis_client(redis_server.url))
        fake = await stack.enter_async_context(open_fake_github())
        for name in ("one", "two"):
            await fake.add_repository(f"acme/{name}", GitRepository.create(directory / f"{name}.git"))
        rest = make_test_rest(redis, github_url=fake.url)
        site = make_test_site(parties.ours.mirror.web_pool, redis, rest=rest)
        client = await stack.enter_async_context(open_client(site))
        async with open_pool(database.web_url, size=1) as closed_pool:
            pass  # what a closed pool is asked for ends as if Postgres were away
        yield Place(parties, client, redis, fake.url, closed_pool)


# The document


async def test_the_document_is_served_as_it_is_made_and_is_openapi(place: Place) -> None:
    served = await place.client.get("/api/v1/openapi.json", key=place.parties.ours.key)
    assert served.body == json.loads(json.dumps(DOCUMENT))
    assert served.body["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, methods in served.body["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    for schema in served.body["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


async def test_every_model_is_read_or_told_by_a_route_that_names_it() -> None:
    names = set(DOCUMENT["components"]["schemas"])
    text = json.dumps(DOCUMENT)
    assert [name for name in names if text.count(f'schemas/{name}"') == 0 and not name.endswith("Query")] == []


# Fuzz


def fuzz(place: Place, route: Route, *, examples: int) -> int:
    """Send what the document generates for *route*; return how many answers were checked. Runs in a thread of its own."""
    load_all_checks()
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.config.update(base_url=place.client.url)
    operation = schema[route.path][route.method]
    ours = place.parties.theirs  # who loses what is deleted; the other one is for what must be there
    checked = 0

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(
        case=operation.as_strategy(), known=st.booleans(), who=st.sampled_from(["ours", "ours", "platform", "nobody"])
    )
    def send(case: schemathesis.Case[Any], *, known: bool, who: str) -> None:
        nonlocal checked
        if known:  # an id that is made up is nearly always absent
            case.path_parameters = {name: ours.ids[name] for name in case.path_parameters or {}}
        headers = dict(case.headers or {})
        for name in ("X-Tenant-ID", "Authorization", "Cookie"):
            headers.pop(name, None)
        key = {"ours": ours.key, "platform": place.parties.platform}.get(who)
        if route.access is Access.PLATFORM and who == "ours":
            key = place.parties.platform
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if who == "platform" and known:
            headers["X-Tenant-ID"] = ours.ids["tenant_id"]
        case.headers = CaseInsensitiveDict(headers)
        case.cookies = {}
        response = case.call(base_url=place.client.url, timeout=10)
        assert response.status_code < 500, response.text
        assert "Traceback" not in response.text
        case.validate_response(
            response, checks=[status_code_conformance, content_type_conformance, response_schema_conformance]
        )
        checked += 1

    send()
    return checked


@pytest.mark.parametrize("route", OPERATIONS, ids=name_route)
async def test_what_the_document_generates_is_answered_as_it_says(place: Place, route: Route) -> None:
    assert await asyncio.to_thread(fuzz, place, route, examples=12) > 0


@pytest.mark.full
@pytest.mark.parametrize("route", OPERATIONS, ids=name_route)
async def test_two_thousand_of_what_the_document_generates_are_answered_as_it_says(place: Place, route: Route) -> None:
    assert await asyncio.to_thread(fuzz, place, route, examples=2000) > 0


# Reach


@dataclass(slots=True)
class Explorer:
    """Reaches the statuses of routes, each with what is made for it alone."""

    place: Place

    @property
    def ours(self) -> Party:
        return self.place.parties.ours

    async def make_ids(self, route: Route) -> dict[str, str]:
        """Return ids of things that only this request touches."""
        mirror, ids = self.ours.mirror, dict(self.ours.ids)
        if "{project_id}" in route.path and route.method != "GET":
            new = NewProject(name=f"p-{uuid4().hex}", source="folder", folder="/srv/none")
            ids["project_id"] = str((await mirror.add_project(new)).project_id)
        if "{user_id}" in route.path:
            user = await add_test_user(mirror, f"{uuid4().hex}@acme.example", role=Role.MEMBER)
            ids["user_id"] = str(user.user_id)
        if "{key_id}" in route.path:
            ids["key_id"] = (await add_test_key(mirror.web_pool, mirror.tenant_id)).split("_")[2]
        if "{tenant_id}" in route.path:
            async with mirror.web_pool.acquire() as connection:
                ids["tenant_id"] = str((await add_tenant(connection, f"t-{uuid4().hex[:12]}")).tenant_id)
        return ids

    async def make_request(self, route: Route) -> tuple[str, dict[str, object] | None]:
        """Return the address and the body of a request that *route* does."""
        ids = await self.make_ids(route)
        path = fill_path(route, ids)
        if route.method == "DELETE" and route.access is Access.PLATFORM:
            async with self.ours.mirror.web_pool.acquire() as connection:
                tenant = await find_tenant_by_id(connection, TenantId(UUID(ids["tenant_id"])))
            assert tenant is not None
            return f"{path}?name={tenant.name}", None
        return path, await self.make_body(route)

    async def make_body(self, route: Route) -> dict[str, object] | None:
        """Return a body that *route* takes, and that nothing took before."""
        if route.body is None:
            return None
        link = await make_test_link(self.ours.mirror, self.ours.user) if route.path.endswith("/session") else ""
        known: dict[str, object] = {
            "link": link,
            "new": f"Other {PASSWORD}",
            "repository": "acme/one",
            "name": f"n-{uuid4().hex[:12]}",
            "reason": "because",
            "expectedFence": 0,
            "email": f"{uuid4().hex}@acme.example",
            "displayName": "Somebody",
        }
        taken = {
            "SignInBody": ["link"],
            "PasswordBody": ["new"],
            "NewProjectBody": ["repository", "name"],
            "NewUserBody": ["email"],
            "ChangeUserBody": ["displayName"],
            "RotateBody": [],
        }
        fields = taken.get(route.body.__name__) or list(route.body.model_json_schema()["properties"])
        return {name: known[name] for name in fields if name in known}

    async def call(self, route: Route, client: Client | None = None, **headers: str) -> Answer:
        """Send a request that *route* does, as who may."""
        path, body = await self.make_request(route)
        return await self.send(route, path, body, client=client, **headers)

    async def send(
        self, route: Route, path: str, body: object, *, client: Client | None = None, **headers: str
    ) -> Answer:
        """Send as who may: by cookie where it takes a session, with the tenant's key, or with the platform's."""
        client = client or self.place.client
        if route.access is Access.PLATFORM:
            return await client.send(route.method, path, body, key=self.place.parties.platform, **headers)
        if route.access is Access.OPEN and not route.path.endswith("/refresh"):
            return await client.send(route.method, path, body, **headers)
        if "/session" in route.path and route.method != "GET":
            return await self.send_signed_in(route, path, body, client=client, **headers)
        return await client.send(route.method, path, body, key=self.ours.key, **headers)

    async def send_signed_in(self, route: Route, path: str, body: object, *, client: Client, **headers: str) -> Answer:
        """Send by the cookie of a new user."""
        user = await add_test_user(self.ours.mirror, f"{uuid4().hex}@acme.example", password=None)
        async with signed_in(self.place.client, self.ours.mirror, user) as browser:
            browser.client = client
            return await browser.send(route.method, path, body, Sec_Fetch_Site="same-origin", Origin="", **headers)


async def reach_unauthorized(explorer: Explorer, route: Route) -> Answer:
    path, body = await explorer.make_request(route)
    client = explorer.place.client
    if route.access is Access.OPEN:
        sent = {"link": "made up"} if body else None
        return await client.send(route.method, path, sent, Cookie="syncd_refresh=made-up", Sec_Fetch_Site="same-origin")
    return await client.send(route.method, path, body)


async def reach_forbidden(explorer: Explorer, route: Route) -> Answer:
    path, body = await explorer.make_request(route)
    client, foreign = explorer.place.client, str(explorer.place.parties.theirs.mirror.tenant_id)
    if route.access is Access.OPEN:
        return await client.send(route.method, path, body, Origin="https://evil.example")
    return await client.send(route.method, path, body, key=explorer.ours.key, X_Tenant_ID=foreign)


async def reach_not_found(explorer: Explorer, route: Route) -> Answer:
    path, body = await explorer.make_request(route)
    absent = make_absent_ids()
    if route.access is Access.PLATFORM:
        query = path.partition("?")[2]
        path = f"{fill_path(route, absent)}?{query}"
        return await explorer.place.client.send(route.method, path, body, key=explorer.place.parties.platform)
    tenant = absent["tenant_id"]
    return await explorer.place.client.send(
        route.method, path, body, key=explorer.place.parties.platform, X_Tenant_ID=tenant
    )


async def reach_bad_request(explorer: Explorer, route: Route) -> Answer:
    path, _ = await explorer.make_request(route)
    if route.access is Access.TENANT:
        return await explorer.place.client.send(route.method, path, key=explorer.place.parties.platform)
    if route.query is not None:
        path = f"{path.partition('?')[0]}?unknown=1"
    return await explorer.send(route, path, {"unknown": 1} if route.body else None)


async def reach_conflict(explorer: Explorer, route: Route) -> Answer:
    path, body = await explorer.make_request(route)
    if route.access is Access.PLATFORM:
        return await explorer.send(route, path, {"name": "globex"})
    key = uuid4().hex
    assert (await explorer.send(route, path, body, Idempotency_Key=key)).status == route.status
    return await explorer.send(route, path, {**(body or {}), "other": 1}, Idempotency_Key=key)


async def reach_locked(explorer: Explorer, route: Route) -> Answer:
    path, body = await explorer.make_request(route)
    lock = path.removesuffix("/force")
    frozen = await explorer.place.client.send("PUT", lock, {"reason": "release"}, key=explorer.ours.key)
    if body is not None and "expectedFence" in body:
        body["expectedFence"] = frozen.body["fence"]
    mirror = explorer.ours.mirror
    scopes = ALL_SCOPES if path.endswith("/force") else ("docs:read", "locks:write")
    other = await add_test_key(mirror.web_pool, mirror.tenant_id, scopes=scopes)
    return await explorer.place.client.send(route.method, path, body, key=other)


async def reach_limited(explorer: Explorer, route: Route) -> Answer:
    if route.access is Access.OPEN:
        address = uuid4().hex
        for _ in range(ADDRESS_RATE.burst):
            await explorer.place.client.send("POST", route.path, {"link": "made up"}, X_Forwarded_For=address)
        return await explorer.call(route, X_Forwarded_For=address)
    async with explorer.place.open_other(rate=Rate(interval_seconds=3600.0, burst=0)) as client:
        return await explorer.call(route, client)


async def reach_unavailable(explorer: Explorer, route: Route) -> Answer:
    path, body = await explorer.make_request(route)
    async with explorer.place.open_other(pool=explorer.place.closed_pool) as client:
        return await explorer.send(route, path, body, client=client)


async def reach_too_large(explorer: Explorer, route: Route) -> Answer:
    path, _ = await explorer.make_request(route)
    return await explorer.send(route, path, {"name": "x" * (BODY_MAX_BYTES + 1)})


async def reach_not_modified(explorer: Explorer, route: Route) -> Answer:
    return await explorer.call(route, If_None_Match="*")


WAYS = {
    304: reach_not_modified,
    400: reach_bad_request,
    401: reach_unauthorized,
    403: reach_forbidden,
    404: reach_not_found,
    409: reach_conflict,
    413: reach_too_large,
    423: reach_locked,
    429: reach_limited,
    503: reach_unavailable,
}


@pytest.mark.parametrize("route", OPERATIONS, ids=name_route)
async def test_every_status_that_is_documented_is_reached(place: Place, route: Route) -> None:
    explorer = Explorer(place)
    reached = {}
    for status in list_statuses(route):
        way = Explorer.call if status == route.status else WAYS[status]
        answer = await way(explorer, route)
        reached[status] = answer.status
        if answer.status >= 400:
            assert (
                answer.error["code"]
                in DOCUMENT["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]["enum"]
            )
    assert reached == {status: status for status in list_statuses(route)}
