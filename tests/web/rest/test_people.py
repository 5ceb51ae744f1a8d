"""Keys, users and tenants over REST."""

import asyncio

import pytest

from syncd.adapters.postgres.tenants import list_removed_tenants
from syncd.core.users import Role
from syncd.services.tenants import remove_ended_tenants
from tests.web.people import add_test_user, signed_in
from tests.web.rest.lists import API, read_pages
from tests.web.sites import Client, add_test_key
from tests.web.tenants import Parties, Party

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_key_is_made_used_rotated_and_revoked(client: Client, ours: Party) -> None:
    made = await client.send(
        "POST", f"{API}/keys", {"name": "ci", "scopes": ["docs:read", "admin"], "expiresDays": 1}, key=ours.key
    )
    assert made.status == 201, made.body
    assert (await client.get(f"{API}/keys", key=made.body["apiKey"])).status == 200
    path = f"{API}/keys/{made.body['keyId']}"
    next_one = await client.send("POST", f"{path}/rotate", {"overlapHours": 0}, key=ours.key)
    assert (next_one.status, next_one.body["name"], next_one.body["scopes"]) == (201, "ci", ["admin", "docs:read"])
    assert (await client.get(f"{API}/keys", key=made.body["apiKey"])).status == 401
    assert (await client.send("POST", f"{path}/rotate", {}, key=ours.key)).status == 404  # it works no more
    listed = [one for page in await read_pages(client, f"{API}/keys", ours.key, limit=2) for one in page]
    assert len(listed) == len({one["keyId"] for one in listed})
    assert {made.body["keyId"], next_one.body["keyId"]} <= {one["keyId"] for one in listed}
    assert made.body["apiKey"] not in str(listed)
    assert (await client.send("DELETE", f"{API}/keys/{next_one.body['keyId']}", key=ours.key)).status == 204
    assert (await client.get(f"{API}/keys", key=next_one.body["apiKey"])).status == 401


async def test_nobody_makes_a_key_that_may_do_more_than_its_maker(client: Client, parties: Parties) -> None:
    ours = parties.ours
    weak = await add_test_key(ours.mirror.web_pool, ours.mirror.tenant_id, scopes=["admin"])
    more = await client.send("POST", f"{API}/keys", {"name": "x", "scopes": ["docs:read"]}, key=weak)
    assert (more.status, more.error["code"]) == (403, "FORBIDDEN")
    for project_id, status in ((parties.theirs.ids["project_id"], 404), (ours.ids["project_id"], 201)):
        body = {"name": "x", "scopes": ["admin"], "projectIds": [project_id]}
        assert (await client.send("POST", f"{API}/keys", body, key=weak)).status == status
    body = {"name": "x", "scopes": ["admin"], "projectIds": []}
    assert (await client.send("POST", f"{API}/keys", body, key=weak)).status == 400


async def test_users_are_added_changed_and_disabled_by_who_may(client: Client, ours: Party) -> None:
    added = await client.send("POST", f"{API}/users", {"email": "Bob@Example.com", "role": "member"}, key=ours.key)
    assert added.status == 201, added.body
    link = added.body["signInUrl"]
    assert link.startswith(f"{client.url}/sign-in#link=")
    assert (await client.send("POST", f"{API}/session", {"link": link.partition("#link=")[2]})).status == 201
    path = f"{API}/users/{added.body['userId']}"
    assert (await client.send("PATCH", path, {"role": "admin", "displayName": " Bob "}, key=ours.key)).status == 200
    shown = (await client.get(path, key=ours.key)).body
    assert (shown["email"], shown["displayName"], shown["role"]) == ("bob@example.com", "Bob", "admin")
    for body in ({"role": "owner"}, {"email": "x@example.com"}, {"username": "a"}, {"displayName": "\u202e"}):
        assert (await client.send("PATCH", path, body, key=ours.key)).status in {400, 403}
    taken = await client.send("POST", f"{API}/users", {"email": "bob@example.com"}, key=ours.key)
    assert (taken.status, taken.error["code"]) == (409, "CONFLICT")
    owner = f"{API}/users/{ours.ids['user_id']}"
    for method, where in (("PATCH", owner), ("POST", f"{owner}/link")):
        assert (await client.send(method, where, {"active": False}, key=ours.key)).status == 403
    assert (await client.send("PATCH", path, {"active": False}, key=ours.key)).body["active"] is False
    assert (await client.send("POST", f"{path}/link", key=ours.key)).status == 409
    pages = await read_pages(client, f"{API}/users", ours.key, limit=1)
    assert [page[0]["email"] for page in pages][:2] == ["admin@acme.example", "bob@example.com"]


async def test_the_last_owner_stays_one(fresh_client: Client, fresh: Parties) -> None:
    client, parties = fresh_client, fresh
    ours = parties.ours
    owner = f"{API}/users/{ours.ids['user_id']}"
    for body in ({"role": "member"}, {"active": False}):
        refused = await client.send("PATCH", owner, body, key=parties.platform, X_Tenant_ID=ours.ids["tenant_id"])
        assert (refused.status, refused.error["code"]) == (409, "CONFLICT")
    second = await add_test_user(ours.mirror, "second@acme.example", role=Role.OWNER)
    async with signed_in(client, ours.mirror, second) as browser, signed_in(client, ours.mirror, ours.user) as other:
        # Each demotes the other at the same moment: one of them is too late.
        answers = await asyncio.gather(
            browser.send("PATCH", owner, {"role": "member"}),
            other.send("PATCH", f"{API}/users/{second.user_id}", {"role": "member"}),
        )
    assert sorted(answer.status for answer in answers) in ([200, 403], [200, 409])


# Tenants


async def test_a_tenant_is_made_found_renamed_and_removed_by_name(fresh_client: Client, fresh: Parties) -> None:
    client, parties = fresh_client, fresh
    platform, ours = parties.platform, parties.ours
    made = await client.send("POST", f"{API}/tenants", {"name": "initech"}, key=platform)
    assert made.status == 201, made.body
    assert (await client.send("POST", f"{API}/tenants", {"name": "initech"}, key=platform)).status == 409
    found = await client.get(f"{API}/tenants?name=initech", key=platform)
    assert [tenant["tenantId"] for tenant in found.body["items"]] == [made.body["tenantId"]]
    pages = await read_pages(client, f"{API}/tenants", platform, limit=2)
    assert [[tenant["name"] for tenant in page] for page in pages] == [["acme", "globex"], ["initech"]]
    path = f"{API}/tenants/{made.body['tenantId']}"
    assert (await client.send("PATCH", path, {"name": "initrode"}, key=platform)).body["name"] == "initrode"
    assert (await client.send("PATCH", path, {"name": "acme"}, key=platform)).status == 409
    assert (await client.send("DELETE", path, key=platform)).status == 400
    assert (await client.send("DELETE", f"{path}?name=initech", key=platform)).status == 400
    assert (await client.send("DELETE", f"{path}?name=initrode", key=platform)).status == 204
    assert (await client.get(path, key=platform)).status == 404
    async with ours.mirror.pool.acquire() as connection:
        assert [str(one) for one in await list_removed_tenants(connection)] == [made.body["tenantId"]]
    assert await remove_ended_tenants(ours.mirror.pool) == 1
    assert await remove_ended_tenants(ours.mirror.pool) == 0


async def test_a_removed_tenant_is_out_at_once_and_its_projects_are_due_for_removal(
    fresh_client: Client, fresh: Parties
) -> None:
    client, parties = fresh_client, fresh
    ours = parties.ours
    async with signed_in(client, ours.mirror, ours.user) as browser:
        gone = await client.send("DELETE", f"{API}/tenants/{ours.ids['tenant_id']}?name=acme", key=parties.platform)
        assert gone.status == 204
        assert (await browser.send("GET", f"{API}/session")).status == 401
    assert (await client.get("/status", key=ours.key)).status == 401
    absent = await client.get(f"{API}/projects", key=parties.platform, X_Tenant_ID=ours.ids["tenant_id"])
    assert absent.status == 404
    assert (await ours.mirror.get_project(ours.project.project_id)).removed_at is not None
    assert await remove_ended_tenants(ours.mirror.pool) == 0  # the daemon deletes its projects first, under their locks
    assert (await client.get("/status", key=parties.theirs.key)).status == 200
