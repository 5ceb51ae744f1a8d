"""What `up` runs on: its own embedded servers, or the given ones; migrated, with logins, keys and a first tenant."""

import secrets as randomness
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from syncd.adapters.data_directory import load_secrets
from syncd.adapters.embedded.postgres import open_postgres
from syncd.adapters.embedded.redis import open_redis
from syncd.adapters.encryption import make_master_key
from syncd.adapters.postgres.connections import open_connection, open_pool
from syncd.adapters.postgres.keys import NewKey, add_key, resolve_key
from syncd.adapters.postgres.migrations import list_migrations, run_migrations
from syncd.adapters.postgres.roles import Login, get_server, make_login_url, put_groups, put_logins
from syncd.adapters.postgres.tenants import Tenant, add_tenant, find_tenant
from syncd.core.keys import ALL_SCOPES, make_key, make_key_id, parse_key
from syncd.errors import Stalled
from syncd.services.users import Link, People, open_first_user

DEFAULT_TENANT = "default"


Waits: TypeAlias = Mapping[str, Callable[[], Awaitable[int]]]


@dataclass(frozen=True, slots=True)
class Servers:
    """Servers that run. *waits* holds, by name, what returns when an embedded one has ended."""

    database_url: str
    redis_url: str
    warnings: Sequence[str]
    owns_redis: bool
    waits: Waits


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that the daemon and the MCP server need to run on *servers*."""

    servers: Servers
    sync_url: str
    web_url: str
    read_url: str
    master_keys: str
    tenant: Tenant
    api_key: str
    first_link: Link | None

    def __repr__(self) -> str:
        return f"Installation(tenant={self.tenant.name!r})"


@asynccontextmanager
async def open_installation(
    directory: Path, *, database_url: str | None, redis_url: str | None, say: Callable[[str], None]
) -> AsyncIterator[Installation]:
    """Open the installation kept in *directory*: what is not given by URL runs embedded and ends with this context.

    *directory* is absolute, and held by the caller (`hold_data_directory`). *say* is told each step.
    """
    kept = load_secrets(directory, _make_secrets())
    async with _open_servers(directory, database_url, redis_url, say) as servers:
        say("Bringing the schema forward")
        logins = await _migrate(servers.database_url, kept)
        sync_url, web_url, read_url = (make_login_url(servers.database_url, login) for login in logins)
        tenant = await _put_tenant(web_url, kept["api_key"])
        first_link = await _open_first_user(web_url, tenant)
        yield Installation(
            servers, sync_url, web_url, read_url, kept["master_keys"], tenant, kept["api_key"], first_link
        )


def _make_secrets() -> dict[str, str]:
    return {
        "sync_password": randomness.token_urlsafe(32),
        "web_password": randomness.token_urlsafe(32),
        "read_password": randomness.token_urlsafe(32),
        "master_keys": f"up1:{make_master_key()}",
        "api_key": make_key("up", make_key_id(randomness.token_bytes(32)), randomness.token_bytes(32)),
    }


@asynccontextmanager
async def _open_servers(
    directory: Path, database_url: str | None, redis_url: str | None, say: Callable[[str], None]
) -> AsyncIterator[Servers]:
    async with AsyncExitStack() as stack:
        warnings: list[str] = []
        waits: dict[str, Callable[[], Awaitable[int]]] = {}
        if database_url is None:
            say("Starting Postgres")
            postgres = await stack.enter_async_context(
                open_postgres(directory / "postgres", run_directory=directory / "run")
            )
            database_url = postgres.url
            warnings += postgres.warnings
            waits["Postgres"] = postgres.child.wait
        owns_redis = redis_url is None
        if redis_url is None:
            say("Starting Redis")
            redis = await stack.enter_async_context(open_redis(directory / "redis", run_directory=directory / "run"))
            redis_url = redis.url
            warnings += redis.warnings
            waits["Redis"] = redis.child.wait
        yield Servers(database_url, redis_url, warnings, owns_redis, waits)


async def _migrate(database_url: str, kept: Mapping[str, str]) -> list[Login]:
    async with open_connection(database_url) as connection:
        await put_groups(connection)
        await run_migrations(connection, list_migrations())
        database = (await get_server(connection)).database
        # Logins belong to the cluster: two installations on one cluster have a name each.
        logins = [
            Login(f"syncd_{name}_{database}"[:63], kept[f"{name}_password"], f"syncd_{name}")
            for name in ("sync", "web", "read")
        ]
        await put_logins(connection, logins)
    return logins


async def _open_first_user(web_url: str, tenant: Tenant) -> Link | None:
    async with open_pool(web_url, size=1) as pool:
        return await open_first_user(People(pool, tenant.tenant_id, lambda: datetime.now(UTC)))


async def _put_tenant(web_url: str, api_key: str) -> Tenant:
    """Return the first tenant, with the key of this data directory in force."""
    parts = parse_key(api_key)
    if parts is None:
        raise Stalled(
            "data_directory_damaged", "The API key kept in the data directory is not one.", hint="Restore secrets.json."
        )
    async with open_pool(web_url, size=1) as pool:
        async with pool.acquire() as connection:
            tenant = await find_tenant(connection, DEFAULT_TENANT) or await add_tenant(connection, DEFAULT_TENANT)
        if await resolve_key(pool, parts.key_id, parts.secret_hash, datetime.now(UTC)) is None:
            new = NewKey(key_id=parts.key_id, secret_hash=parts.secret_hash, name="syncd up", scopes=ALL_SCOPES)
            await add_key(pool, tenant.tenant_id, new)
    return tenant
