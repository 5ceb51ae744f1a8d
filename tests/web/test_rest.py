"""REST as operators use it: projects, documents, locks, keys, users and tenants, page by page, once, and no longer than wanted."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.tenants import list_removed_tenants
from syncd.adapters.postgres.transactions import in_project
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from syncd.core.projects import NewProject
from syncd.core.throttles import Rate
from syncd.core.users import Role
from syncd.services.installation import ALL_SCOPES
from syncd.services.tenants import remove_ended_tenants
from syncd.web.api.routes import ROUTES
from tests.databases import make_database
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import open_fake_github
from tests.services.folder_projects import sync_folder, write
from tests.web.people import add_test_user, signed_in
from tests.web.sites import Answer, Client, add_test_key, make_test_rest, make_test_site, open_client
from tests.web.tenants import Parties, Party, open_parties

API = "/api/v1"


pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def redis(redis_server: RedisServer) -> AsyncIterator[RedisClient]:
    async with open_redis_client(redis_server.url) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def parties(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Parties]:
    """Two tenants that the tests of this module share: each leaves projects, keys and users of its own."""
    async with (
        make_database(postgres, template) as database,
        open_parties(database, redis_server, tmp_path_factory.mktemp("parties")) as opened,
    ):
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def fresh(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path: Path
) -> AsyncIterator[Parties]:
    """Two tenants of one test, which may do anything to them."""
    async with (
        make_database(postgres, template) as database,
        open_parties(database, redis_server, tmp_path) as opened,
    ):
        yield opened


@pytest.fixture
def ours(parties: Parties) -> Party:
    return parties.ours


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(parties: Parties, redis: RedisClient) -> AsyncIterator[Client]:
    async with open_client(make_test_site(parties.ours.mirror.web_pool, redis)) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def fresh_client(fresh: Parties, redis: RedisClient) -> AsyncIterator[Client]:
    async with open_client(make_test_site(fresh.ours.mirror.web_pool, redis)) as opened:
        yield opened


async def read_pages(client: Client, path: str, key: str, *, limit: int) -> list[list[dict[str, Any]]]:
    """Return every page of a list."""
    pages, cursor = [], ""
    while True:
        answer = await client.get(f"{path}?limit={limit}{cursor}", key=key)
        assert answer.status == 200, answer.body
        pages.append(answer.body["items"])
        if answer.body["nextCursor"] is None:
            return pages
        cursor = f"&cursor={answer.body['nextCursor']}"


# Projects


async def test_a_repository_is_added_shown_changed_and_removed(
    parties: Parties, redis: RedisClient, tmp_path: Path
) -> None:
    async with open_fake_github() as fake:
        git = GitRepository.create(tmp_path / "httpx.git")
        await fake.add_repository("encode/httpx", git)
        rest = make_test_rest(redis, github_url=fake.url)
        async with open_client(make_test_site(parties.ours.mirror.web_pool, redis, rest=rest)) as client:
            key = parties.ours.key
            added = await client.send(
                "POST",
                f"{API}/projects",
                {"repository": "https://github.com/encode/httpx", "docsPath": "/docs/"},
                key=key,
            )
            assert added.status == 201, added.body
            assert (added.body["name"], added.body["source"], added.body["docsPath"]) == (
                "httpx",
                "encode/httpx",
                "docs",
            )
            again = await client.send("POST", f"{API}/projects", {"repository": "encode/httpx"}, key=key)
            assert (again.status, again.error["code"]) == (409, "CONFLICT")
            absent = await client.send("POST", f"{API}/projects", {"repository": "encode/absent"}, key=key)
            assert (absent.status, absent.error["code"]) == (404, "NOT_FOUND")
            path = f"{API}/projects/{added.body['id']}"
            changed = await client.send(
                "PATCH", path, {"name": "client", "branch": "main", "docsPath": None, "exclude": ["a/*"]}, key=key
            )
            assert changed.status == 200, changed.body
            assert (changed.body["name"], changed.body["branch"], changed.body["docsPath"]) == ("client", "main", None)
            kept = await client.send("PATCH", path, {"token": "ghp_secret", "include": None}, key=key)
            assert (kept.body["branch"], kept.body["exclude"], kept.body["include"]) == ("main", ["a/*"], [])
            assert "ghp_secret" not in str(kept.body)
            due = await client.send("POST", f"{path}/sync", key=key)
            assert (due.status, due.body["project"]) == (202, "client")
            assert (await client.get(path, key=key)).body["name"] == "client"
            assert (await client.send("DELETE", path, key=key)).status == 204
            assert (await client.get(path, key=key)).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"folder": "/etc", "repository": "a/b"},
        {"source": "folder", "repository": "a/b"},
        {"repository": "file:///etc"},
        {"repository": "/etc"},
        {"repository": "http://169.254.169.254/latest"},
        {"repository": "a/b", "docsPath": "../../etc"},
        {"repository": "a/b", "name": "-x"},
        {"repository": "a/b", "include": ["x"] * 101},
        {"repository": "a/b", "branch": ""},
        {},
    ],
)
async def test_nothing_but_a_repository_is_added(client: Client, ours: Party, body: dict[str, object]) -> None:
    answer = await client.send("POST", f"{API}/projects", body, key=ours.key)
    assert (answer.status, answer.error["code"]) == (400, "VALIDATION_ERROR")


async def test_a_folders_docs_path_cannot_be_led_out_of_it(client: Client, ours: Party) -> None:
    path = f"{API}/projects/{ours.ids['project_id']}"
    for docs_path in ("..", "docs/../../x", "./..", "a//b"):
        assert (await client.send("PATCH", path, {"docsPath": docs_path}, key=ours.key)).status == 400


async def test_a_key_of_some_projects_sees_only_those(client: Client, ours: Party, tmp_path: Path) -> None:
    write(tmp_path / "other", {"a.md": b"# A\n"})
    other = await ours.mirror.add_project(NewProject(name="aaa", source="folder", folder=str(tmp_path / "other")))
    key = await add_test_key(
        ours.mirror.web_pool, ours.mirror.tenant_id, scopes=ALL_SCOPES, project_ids=[other.project_id]
    )
    assert [[one["name"] for one in page] for page in await read_pages(client, f"{API}/projects", key, limit=1)] == [
        ["aaa"]
    ]
    assert (await client.get(f"{API}/documents/{ours.ids['document_id']}", key=key)).status == 404
    for path in ("", "/documents", "/runs", "/lock", "/lock/history"):
        assert (await client.get(f"{API}/projects/{ours.ids['project_id']}{path}", key=key)).status == 404


# Documents, and what is kept of them


async def test_documents_are_listed_by_path_and_told_with_their_text(client: Client, ours: Party) -> None:
    path = f"{API}/projects/{ours.ids['project_id']}/documents"
    pages = await read_pages(client, path, ours.key, limit=2)
    assert [[one["path"] for one in page] for page in pages] == [
        ["docs/acme-0.md", "docs/acme-1.md"],
        ["docs/acme-2.md", "docs/acme-3.md"],
        ["docs/acme-4.md"],
    ]
    first = pages[0][0]
    assert first.keys() == {
        "id", "project", "path", "title", "format", "version", "gitSha", "contentHash", "size", "lines", "commit",
        "author", "committedAt", "revision", "url",
    }  # fmt: skip
    told = await client.get(f"{API}/documents/{first['id']}", key=ours.key)
    assert told.body == {**first, "text": "# acme 0\n\nText of acme.\n"}
    assert (await client.get(f"{path}?path=docs/", key=ours.key)).body["items"][0] == first
    assert (await client.get(f"{path}?path=doc", key=ours.key)).body["items"] == []


async def test_a_new_revision_is_another_answer_and_the_old_one_is_kept(fresh: Parties, redis: RedisClient) -> None:
    ours = fresh.ours
    rest = make_test_rest(redis)
    async with open_client(make_test_site(ours.mirror.web_pool, redis, rest=rest)) as client:
        path = f"{API}/documents/{ours.ids['document_id']}"
        before = await client.get(path, key=ours.key)
        assert (await client.get(path, key=ours.key)).body == before.body
        assert (rest.reads.counts.hits, rest.reads.counts.misses) == (1, 1)
        folder = Path(ours.project.folder or "")
        write(folder, {str(before.body["path"]): b"# New\n"})
        await sync_folder(ours.mirror, ours.project)
        after = await client.get(path, key=ours.key)
        assert (after.body["text"], after.body["revision"]) == ("# New\n", 2)
        assert (rest.reads.counts.hits, rest.reads.counts.misses) == (1, 2)


async def test_a_list_goes_on_in_the_revision_that_it_began_with(fresh_client: Client, fresh: Parties) -> None:
    client, ours = fresh_client, fresh.ours
    path = f"{API}/projects/{ours.ids['project_id']}/documents"
    first = await client.get(f"{path}?limit=2", key=ours.key)
    folder = Path(ours.project.folder or "")
    (folder / "docs/acme-3.md").unlink()
    write(folder, {"docs/acme-11.md": b"# Eleven\n"})
    await sync_folder(ours.mirror, ours.project)
    rest = await client.get(f"{path}?limit=9&cursor={first.body['nextCursor']}", key=ours.key)
    assert [one["path"] for one in rest.body["items"]] == ["docs/acme-2.md", "docs/acme-3.md", "docs/acme-4.md"]


async def test_without_redis_reads_go_straight_to_postgres(ours: Party, closed_port: int) -> None:
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}/0") as redis:
        rest = make_test_rest(redis)
        async with open_client(make_test_site(ours.mirror.web_pool, redis, rest=rest)) as client:
            for _ in range(2):
                assert (await client.get(f"{API}/documents/{ours.ids['document_id']}", key=ours.key)).status == 200
            assert (rest.reads.counts.hits, rest.reads.counts.skipped) == (0, 2)


async def test_an_answer_that_is_known_is_not_sent_again(client: Client, ours: Party) -> None:
    for path in (f"/documents/{ours.ids['document_id']}", f"/projects/{ours.ids['project_id']}", "/keys", "/users"):
        first = await client.get(API + path, key=ours.key)
        tag = first.headers["ETag"]
        assert (tag.startswith('W/"'), first.headers["Cache-Control"]) == (True, "private, no-cache")
        again = await client.send("GET", API + path, key=ours.key, If_None_Match=f'"other", {tag}')
        if path == "/keys":  # asking was noted at the key
            continue
        assert (again.status, again.body, again.headers["ETag"]) == (304, None, tag)
        changed = await client.send("GET", API + path, key=ours.key, If_None_Match='W/"other"')
        assert changed.status == 200


# Cursors


async def test_a_cursor_opens_its_own_list_of_its_own_tenant_only(client: Client, parties: Parties) -> None:
    us, them = parties.ours, parties.theirs
    documents = f"{API}/projects/{us.ids['project_id']}/documents"
    cursor = (await client.get(f"{documents}?limit=1", key=us.key)).body["nextCursor"]
    assert (await client.get(f"{documents}?cursor={cursor}", key=us.key)).status == 200
    refused = [
        await client.get(f"{documents}?path=docs&cursor={cursor}", key=us.key),
        await client.get(f"{API}/projects?cursor={cursor}", key=us.key),
        await client.get(f"{API}/projects?cursor={cursor}", key=them.key),
        await client.get(f"{API}/projects?cursor=made-up", key=us.key),
        await client.get(f"{API}/projects?cursor=%C3%A9", key=us.key),
    ]
    assert {answer.status for answer in refused} == {400}


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=1&limit=2", "unknown=1", "cursor=%00"])
async def test_a_query_that_is_none_is_refused(client: Client, ours: Party, query: str) -> None:
    answer = await client.get(f"{API}/projects?{query}", key=ours.key)
    assert (answer.status, answer.error["code"]) == (400, "VALIDATION_ERROR")


# Locks and runs


async def test_a_project_is_frozen_by_one_and_lifted_by_none_but_the_freezer_or_an_admin(
    client: Client, ours: Party
) -> None:
    lock = f"{API}/projects/{ours.ids['project_id']}/lock"
    pool, tenant_id = ours.mirror.web_pool, ours.mirror.tenant_id
    first, second = [await add_test_key(pool, tenant_id, scopes=["docs:read", "locks:write"]) for _ in range(2)]
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    frozen = await client.send("PUT", lock, {"reason": "release", "until": until}, key=first)
    assert frozen.status == 200, frozen.body
    assert (frozen.body["lockReason"], frozen.body["lockKind"]) == ("release", "freeze")
    assert frozen.body["lockedBy"] == f"key:{first.split('_')[2]}"
    for method, body in (("PUT", {"reason": "mine"}), ("DELETE", None)):
        refused = await client.send(method, lock, body, key=second)
        assert (refused.status, refused.error["code"]) == (423, "LOCKED")
    assert (await client.get(lock, key=second)).body["lockedBy"] == frozen.body["lockedBy"]
    assert (await client.send("DELETE", lock, key=ours.key)).body["lockedBy"] is None
    pages = await read_pages(client, f"{lock}/history", ours.key, limit=1)
    assert [page[0]["action"] for page in pages][:2] == ["unfreeze", "freeze"]
    assert all(len(page) == 1 for page in pages)


async def test_a_lease_is_ended_only_with_the_fence_of_its_holder(client: Client, ours: Party) -> None:
    path = f"{API}/projects/{ours.ids['project_id']}/lock/force"
    async with in_project(ours.mirror.pool, ours.mirror.tenant_id, ours.project.project_id) as connection:
        fence = await connection.fetchval(
            "select fence from project_leases where project_id = $1", ours.project.project_id
        )
    wrong = await client.send("POST", path, {"reason": "stuck", "expectedFence": fence + 1}, key=ours.key)
    assert (wrong.status, wrong.error["code"]) == (409, "CONFLICT")
    assert (await client.send("POST", path, {"reason": "stuck", "expectedFence": fence}, key=ours.key)).status == 200
    assert (await client.send("POST", path, {"reason": "stuck", "expectedFence": 2**63}, key=ours.key)).status == 400


async def test_runs_are_listed_newest_first(fresh_client: Client, fresh: Parties) -> None:
    client, ours = fresh_client, fresh.ours
    for number in range(3):
        write(Path(ours.project.folder or ""), {"docs/acme-0.md": f"# {number}\n".encode()})
        await sync_folder(ours.mirror, ours.project)
    pages = await read_pages(client, f"{API}/projects/{ours.ids['project_id']}/runs", ours.key, limit=3)
    assert [[run["revision"] for run in page] for page in pages] == [[4, 3, 2], [1]]
    assert pages[0][0]["milliseconds"].keys() >= {"gather", "plan", "apply"}


# Keys and users


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


# Once, slowly, from elsewhere


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
