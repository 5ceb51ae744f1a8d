"""Projects over REST, with their documents, locks and runs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.adapters.postgres.leases import get_lease
from syncd.adapters.postgres.transactions import in_project
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from syncd.core.keys import ALL_SCOPES
from syncd.core.projects import NewProject
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import open_fake_github
from tests.services.folder_projects import sync_folder, write
from tests.web.rest.lists import API, read_pages
from tests.web.sites import Client, add_test_key, make_test_rest, make_test_site, open_client
from tests.web.tenants import Parties, Party

pytestmark = pytest.mark.asyncio(loop_scope="session")


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


async def get_fence(party: Party) -> int:
    async with in_project(party.mirror.pool, party.mirror.tenant_id, party.project.project_id) as connection:
        lease = await get_lease(connection, party.project.project_id)
    assert lease is not None
    return lease.fence


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
    project = (await client.get(lock.removesuffix("/lock"), key=second)).body
    assert (project["condition"], project["reason"], project["nextTry"][:19]) == (
        "frozen",
        "project_frozen",
        until[:19],
    )
    assert project in (await client.get(f"{API}/projects", key=second)).body["items"]
    assert (await client.send("DELETE", lock, key=ours.key)).body["lockedBy"] is None
    pages = await read_pages(client, f"{lock}/history", ours.key, limit=1)
    assert [page[0]["action"] for page in pages][:2] == ["unfreeze", "freeze"]
    assert all(len(page) == 1 for page in pages)


async def test_the_history_of_a_lock_names_the_request_that_made_it(client: Client, ours: Party) -> None:
    lock = f"{API}/projects/{ours.ids['project_id']}/lock"
    force = {"reason": "stuck", "expectedFence": await get_fence(ours)}
    steps = (
        ("POST", f"{lock}/force", force, "forced"),
        ("PUT", lock, {"reason": "release"}, "frozen.1"),
        ("DELETE", lock, None, "lifted-2"),
    )
    for method, path, body, request_id in steps:
        answer = await client.send(method, path, body, key=ours.key, X_Request_ID=request_id)
        assert answer.status == 200, answer.body
    (page, *_) = await read_pages(client, f"{lock}/history", ours.key, limit=200)
    told = [(event["action"], event["requestId"]) for event in page]
    assert told[:3] == [("unfreeze", "lifted-2"), ("freeze", "frozen.1"), ("force_release", "forced")]
    assert ("acquire", None) in told  # the daemon's


async def test_a_lease_is_ended_only_with_the_fence_of_its_holder(client: Client, ours: Party) -> None:
    path = f"{API}/projects/{ours.ids['project_id']}/lock/force"
    fence = await get_fence(ours)
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
