"""No key opens what is not its tenant's, and no answer tells why a key is none."""

import pytest

from syncd.adapters.postgres.tenants import add_tenant
from syncd.core.projects import NewProject
from syncd.web.api.routes import ROUTES
from tests.mirror import Mirror
from tests.web.sites import Client, add_test_key

CLOSED = ["/status", "/api/v1"]
FOLDER = NewProject(name="guide", source="folder", folder="/srv/guide")


@pytest.mark.parametrize("path", CLOSED)
async def test_every_way_to_be_no_key_gets_the_same_answer(client: Client, mirror: Mirror, path: str) -> None:
    good = await add_test_key(mirror.web_pool, mirror.tenant_id)
    last = "1" if good[-1] == "0" else "0"
    refused = [
        await client.get(path),
        await client.get(path, key=""),
        await client.get(path, key="syncd_test_short"),
        await client.get(path, key=good[:-1] + last),
        await client.get(path, key=good + " "),
        await client.get(path, key=await add_test_key(mirror.web_pool, mirror.tenant_id, stored=False)),
        await client.get(path, key=await add_test_key(mirror.web_pool, mirror.tenant_id, revoked=True)),
        await client.get(path, key=await add_test_key(mirror.web_pool, mirror.tenant_id, expired=True)),
        await client.get(path, Authorization=f"Basic {good}"),
        await client.get(path, Authorization=good),
    ]
    trimmed = refused.pop(4)
    assert trimmed.status == 200  # white space around a header's value is not part of it
    assert {answer.status for answer in refused} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in refused} == {'Bearer realm="syncd"'}
    assert all(answer.error == refused[0].error for answer in refused)
    assert refused[0].error["code"] == "UNAUTHORIZED"
    assert (await client.get(path, key=good)).status == 200


async def test_the_scheme_is_read_in_any_case(client: Client, mirror: Mirror) -> None:
    key = await add_test_key(mirror.web_pool, mirror.tenant_id)
    assert (await client.get("/status", Authorization=f"bearer {key}")).status == 200


async def test_another_tenants_key_sees_nothing_of_the_first_tenants_projects(client: Client, mirror: Mirror) -> None:
    project = await mirror.add_project(FOLDER)
    async with mirror.web_pool.acquire() as connection:
        other = await add_tenant(connection, "other")
    own = await client.get("/status", key=await add_test_key(mirror.web_pool, mirror.tenant_id))
    foreign = await client.get("/status", key=await add_test_key(mirror.web_pool, other.tenant_id))
    named = await add_test_key(mirror.web_pool, other.tenant_id, project_ids=[project.project_id])
    assert [shown["name"] for shown in own.body["projects"]] == ["guide"]
    assert foreign.body["projects"] == []
    assert (await client.get("/status", key=named)).body["projects"] == []


async def test_a_key_of_some_projects_sees_only_those(client: Client, mirror: Mirror) -> None:
    await mirror.add_project(FOLDER)
    allowed = await mirror.add_project(NewProject(name="manual", source="folder", folder="/srv/manual"))
    key = await add_test_key(mirror.web_pool, mirror.tenant_id, project_ids=[allowed.project_id])
    none = await add_test_key(mirror.web_pool, mirror.tenant_id, project_ids=[])
    assert [shown["name"] for shown in (await client.get("/status", key=key)).body["projects"]] == ["manual"]
    assert (await client.get("/status", key=none)).body["projects"] == []


async def test_a_tenants_key_with_another_tenants_id_is_refused(client: Client, mirror: Mirror) -> None:
    async with mirror.web_pool.acquire() as connection:
        other = await add_tenant(connection, "other")
    key = await add_test_key(mirror.web_pool, mirror.tenant_id)
    assert (await client.get("/status", key=key, X_Tenant_ID=str(mirror.tenant_id).upper())).status == 200
    refused = [
        await client.get("/status", key=key, X_Tenant_ID=named)
        for named in (str(other.tenant_id), "00000000-0000-0000-0000-000000000000", "other", "")
    ]
    assert {answer.status for answer in refused} == {403}
    assert refused[0].error["code"] == "FORBIDDEN"
    assert all(answer.error == refused[0].error for answer in refused)


async def test_the_contents_name_every_endpoint(client: Client, mirror: Mirror) -> None:
    answer = await client.get("/api/v1", key=await add_test_key(mirror.web_pool, mirror.tenant_id))
    assert answer.body["name"] == "syncd"
    listed = [(endpoint["method"], endpoint["path"]) for endpoint in answer.body["endpoints"]]
    opened = [("GET", "/livez"), ("GET", "/readyz"), ("GET", "/healthz"), ("POST", "/webhooks/github")]
    opened.append(("GET", "/github/setup"))
    page = [("GET", path) for path in ("/status", "/status/{project}", "/sign-in", "/static/{mark}/{name}", "/events")]
    rest = [(route.method, route.path) for route in ROUTES]
    assert [pair for pair in [*opened, *page, ("GET", "/api/v1"), *rest] if pair not in listed] == []
    assert len(listed) == len(set(listed))
