"""A tenant is removed over REST while a daemon runs: out at once, synced no more, and at the end as if it had never been."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import make_keys, open_redis_client
from syncd.core.projects import NewProject, Project
from syncd.services.keys import create_platform_key
from tests.databases import Database
from tests.end_to_end.daemons import make_settings, open_daemon, open_watch
from tests.environment import clear_environment
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import count_rows, fetch
from tests.mirror import Mirror, open_mirror
from tests.web.sites import add_test_key

SECONDS = 10
TOKEN = "ghp_canary0123456789"


async def add_project(fake: FakeGitHub, mirror: Mirror, place: Path, name: str) -> tuple[Project, GitRepository]:
    git = GitRepository.create(place / f"{name}.git")
    git.add_commit({"docs/a.md": f"# {name}\n".encode()})
    repository = await fake.add_repository(f"acme/{name}", git)
    new = NewProject(name, "github", repository=f"acme/{name}", repository_id=repository.number)
    return await mirror.add_project(new), git


async def ask(url: str, method: str, path: str, key: str, body: object = None) -> int:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
        session.request(method, url + path, json=body) as answer,
    ):
        return answer.status


async def test_a_removed_tenant_is_out_at_once_synced_no_more_and_leaves_nothing_behind(
    database: Database, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("syncd.services.retention.LOOK_SECONDS", 0.1)
    async with (
        open_fake_github() as fake,
        open_mirror(database, redis_server, tenant="gone") as gone,
        open_mirror(database, redis_server, tenant="stays") as stays,
        open_watch(database) as watch,
        open_redis_client(redis_server.url) as redis,
    ):
        fake.add_token(TOKEN)
        frozen, frozen_git = await add_project(fake, gone, tmp_path, "frozen")
        ours, _ = await add_project(fake, gone, tmp_path, "ours")
        other, other_git = await add_project(fake, stays, tmp_path, "other")
        key = await add_test_key(gone.web_pool, gone.tenant_id, scopes=["docs:read", "locks:write"])
        platform = (await create_platform_key(gone.web_pool, name="automation", expires_at=None)).text
        settings = make_settings(
            database, redis_server, github_api_url=fake.url, github_token=TOKEN, github_token_tenants="gone,stays"
        )

        async def count_ready() -> int:
            rows = await watch.connection.fetch("select 1 from projects where condition = 'ready' and revision > 0")
            return len(rows)

        async def are_all_synced() -> bool:
            return await count_ready() == 3

        async with open_daemon(settings) as url:
            await watch.wait_until(are_all_synced, seconds=SECONDS)
            lock = f"/api/v1/projects/{frozen.project_id}/lock"
            assert await ask(url, "PUT", lock, key, {"reason": "the release"}) == 200
            assert await redis.exists(make_keys(frozen.project_id)[0])

            assert await ask(url, "DELETE", f"/api/v1/tenants/{gone.tenant_id}?name=gone", platform) == 204
            assert await ask(url, "GET", "/status", key) == 401
            async with asyncio.timeout(SECONDS):
                while await watch.connection.fetchval("select count(*) from tenants") > 1:
                    pass
            left = await count_rows(database.migrator_url, "tenant_id", gone.tenant_id)
            assert {table: rows for table, rows in left.items() if rows} == {}
            keys = [make_keys(project.project_id)[0] for project in (frozen, ours)]
            assert await redis.exists(*keys) == 0

            # A push to what was removed is nobody's; the other tenant's goes on.
            fake.forget_requests()
            frozen_git.add_commit({"docs/a.md": b"# After\n"})
            other_git.add_commit({"docs/a.md": b"# After\n"})
            await fetch(
                database.migrator_url, "update syncd.sync_queue set due_at = now() returning pg_notify('syncd_due', '')"
            )

            async def is_other_synced() -> bool:
                return bool(await watch.connection.fetchval("select revision = 2 from projects"))

            await watch.wait_until(is_other_synced, seconds=SECONDS)
            assert fake.requests
            assert {one.path.split("/")[2] for one in fake.requests} == {str(other.repository_id)}
        assert await stays.read_documents(other) == {"docs/a.md": b"# After\n"}
