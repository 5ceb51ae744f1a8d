"""REST against its own OpenAPI document: what it generates breaks nothing, and every status that it documents is reached."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from syncd.web.api.openapi import make_openapi
from syncd.web.api.route import Access, Route
from syncd.web.api.routes import ROUTES
from tests.databases import make_database
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import open_fake_github
from tests.web.sites import Client, make_test_rest, make_test_site, open_client
from tests.web.tenants import Parties, open_parties

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

    @asynccontextmanager
    async def open_other(self, **changes: Any) -> AsyncIterator[Client]:
        """Serve the same with another rate or another pool."""
        pool = changes.pop("pool", self.parties.ours.mirror.web_pool)
        rest = replace(make_test_rest(self.redis, github_url=self.github_url), **changes)
        async with open_client(make_test_site(pool, self.redis, rest=rest)) as opened:
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
        yield Place(parties, client, redis, fake.url)


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
    ours = place.parties.ours
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
    def send(case: schemathesis.Case, *, known: bool, who: str) -> None:
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
        case.headers = headers
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
    assert await asyncio.to_thread(fuzz, place, route, examples=15) > 0


@pytest.mark.full
@pytest.mark.parametrize("route", OPERATIONS, ids=name_route)
async def test_two_thousand_of_what_the_document_generates_are_answered_as_it_says(place: Place, route: Route) -> None:
    assert await asyncio.to_thread(fuzz, place, route, examples=2000) > 0
