"""What machines are told, with the servers up and with each of them gone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

import syncd
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres import outages
from syncd.adapters.postgres.connections import open_pool
from syncd.adapters.postgres.migrations import Migration
from syncd.adapters.redis import locks
from syncd.adapters.redis.locks import open_redis_client
from syncd.web.site import Site
from tests.databases import Database, name_database, run_statement
from tests.faultproxy import FaultProxy, proxying_postgres, proxying_redis
from tests.mirror import Mirror
from tests.web.sites import Client, add_test_key, make_test_site, open_client

END_BACKENDS = "select pg_terminate_backend(pid) from pg_stat_activity where datname like 'test\\_%'"


@dataclass(frozen=True, slots=True)
class Gated:
    """The endpoint, and what stands before its servers."""

    client: Client
    postgres: FaultProxy
    redis: FaultProxy


@asynccontextmanager
async def open_gated(
    database: Database, redis_server: RedisServer
) -> AsyncIterator[tuple[Site, FaultProxy, FaultProxy]]:
    """Open a site whose servers can be shut off."""
    async with (
        proxying_postgres(database.web_url) as (postgres, url),
        proxying_redis(redis_server.url) as (redis, redis_url),
        open_pool(url, size=2) as pool,
        open_redis_client(redis_url) as client,
    ):
        yield make_test_site(pool, client), postgres, redis


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that a busy machine lets answer late is up: here servers are away, and not slow."""
    monkeypatch.setattr(outages, "CHECK_SECONDS", 30.0)
    monkeypatch.setattr(locks, "CALL_SECONDS", 30.0)


@pytest_asyncio.fixture
async def gated(database: Database, redis_server: RedisServer) -> AsyncIterator[Gated]:
    async with open_gated(database, redis_server) as (site, postgres, redis), open_client(site) as client:
        yield Gated(client, postgres, redis)


async def test_with_both_servers_everything_is_up_for_anybody(gated: Gated) -> None:
    alive, ready, health = [await gated.client.get(path) for path in ("/livez", "/readyz", "/healthz")]
    assert (alive.status, alive.body) == (200, {"status": "alive"})
    assert (ready.status, ready.body) == (200, {"status": "ready", "reasons": []})
    timestamp = health.body.pop("timestamp")
    assert timestamp.endswith("+00:00")
    assert health.status == 200
    assert health.body == {"status": "up", "database": "up", "redis": "up", "version": syncd.__version__}


async def test_without_postgres_the_process_lives_and_is_not_ready(gated: Gated) -> None:
    assert (await gated.client.get("/readyz")).status == 200
    await gated.postgres.shut()
    ready, alive, health = [await gated.client.get(path) for path in ("/readyz", "/livez", "/healthz")]
    assert ready.status == 503
    assert ready.headers["Retry-After"] == "5"
    assert (ready.error["code"], ready.body["status"]) == ("UNAVAILABLE", "unready")
    assert [reason["code"] for reason in ready.body["reasons"]] == ["database_unreachable"]
    assert alive.status == 200
    assert (health.status, health.body["status"], health.body["database"], health.body["redis"]) == (
        503,
        "down",
        "down",
        "up",
    )


async def test_without_redis_the_reason_is_redis_alone(gated: Gated) -> None:
    await gated.redis.shut()
    ready, health = [await gated.client.get(path) for path in ("/readyz", "/healthz")]
    assert ready.status == 503
    assert [reason["code"] for reason in ready.body["reasons"]] == ["redis_unreachable"]
    assert (health.body["database"], health.body["redis"]) == ("up", "down")


async def test_without_both_both_are_said(gated: Gated) -> None:
    await gated.postgres.shut()
    await gated.redis.shut()
    ready = await gated.client.get("/readyz")
    assert [reason["code"] for reason in ready.body["reasons"]] == ["database_unreachable", "redis_unreachable"]


async def test_a_status_without_postgres_is_unavailable_and_says_so(gated: Gated, mirror: Mirror) -> None:
    key = await add_test_key(mirror.web_pool, mirror.tenant_id)
    assert (await gated.client.get("/status", key=key)).status == 200
    await gated.postgres.shut()
    answer = await gated.client.get("/status", key=key)
    assert answer.status == 503
    assert answer.error["code"] == "UNAVAILABLE"
    assert answer.error["message"].startswith("Postgres does not answer")


async def test_a_login_that_may_no_longer_connect_is_an_outage_and_not_a_fault(
    gated: Gated, database: Database
) -> None:
    assert (await gated.client.get("/readyz")).status == 200
    name = urlsplit(database.migrator_url).path.removeprefix("/")
    elsewhere = name_database(database.migrator_url, "postgres")
    await run_statement(elsewhere, f"alter database {name} allow_connections false")
    await run_statement(elsewhere, END_BACKENDS)
    ready = await gated.client.get("/readyz")
    assert [reason["code"] for reason in ready.body["reasons"]] == ["database_unreachable"]


async def test_a_migration_that_is_pending_makes_the_process_unready(
    database: Database, redis_server: RedisServer
) -> None:
    async with open_gated(database, redis_server) as (site, _, _):
        newer = Migration(9999, "more", "select 1", b"x" * 32)
        async with open_client(replace(site, migrations=(*site.migrations, newer))) as client:
            ready = await client.get("/readyz")
    assert ready.status == 503
    assert [reason["code"] for reason in ready.body["reasons"]] == ["migration_pending"]
    assert "9999" in ready.error["message"]
    assert ready.error["hint"] == "Run `syncd migrate`."


async def test_a_schema_that_is_newer_than_the_program_leaves_it_ready(
    database: Database, redis_server: RedisServer
) -> None:
    async with (
        open_gated(database, redis_server) as (site, _, _),
        open_client(replace(site, migrations=site.migrations[:-1])) as client,
    ):
        assert (await client.get("/readyz")).status == 200


async def test_a_changed_migration_makes_the_process_unready(database: Database, redis_server: RedisServer) -> None:
    async with open_gated(database, redis_server) as (site, _, _):
        changed = replace(site.migrations[0], checksum=b"x" * 32)
        async with open_client(replace(site, migrations=(changed, *site.migrations[1:]))) as client:
            ready = await client.get("/readyz")
    assert [reason["code"] for reason in ready.body["reasons"]] == ["migration_changed"]
