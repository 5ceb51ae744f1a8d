"""The endpoint on the real servers, called over loopback."""

import io
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from secrets import token_bytes
from typing import Any

import aiohttp
from aiohttp import web

from syncd.adapters.encryption import make_master_key, parse_key_ring
from syncd.adapters.passwords import Passwords
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.keys import NewKey, add_key, revoke_key
from syncd.adapters.postgres.migrations import list_migrations
from syncd.adapters.postgres.platform_keys import revoke_platform_key
from syncd.adapters.redis.locks import Identity, ProjectLocks, RedisClient
from syncd.adapters.redis.reads import ReadCache
from syncd.adapters.redis.throttles import Throttle
from syncd.core.addresses import Network
from syncd.core.cursors import CursorSealer
from syncd.core.ids import ProjectId, TenantId
from syncd.core.keys import hash_secret, make_key, make_key_id
from syncd.core.throttles import Rate
from syncd.services.keys import create_platform_key
from syncd.services.signing_in import SignIn
from syncd.services.sources import GitHubAccess
from syncd.web.app import make_app
from syncd.web.server import Bounds, bind, serve
from syncd.web.site import Rest, Site

# Trusted as a proxy, so that each browser of a test can have an address of its own: tries to sign in are counted by address.
LOOPBACK = ip_network("127.0.0.0/8")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers, and the body as JSON."""

    status: int
    headers: Any
    body: Any

    @property
    def error(self) -> dict[str, Any]:
        """The error of the envelope; its shape is checked on the way."""
        assert self.body["success"] is False
        assert {"code", "message", "hint"} <= set(self.body["error"]) <= {"code", "message", "hint", "details"}
        assert set(self.body["meta"]) == {"timestamp", "requestId"}
        assert self.body["meta"]["requestId"] == self.headers["X-Request-ID"]
        error: dict[str, Any] = self.body["error"]
        return error


@dataclass(frozen=True, slots=True)
class Client:
    """Calls one endpoint."""

    session: aiohttp.ClientSession
    url: str

    async def get(self, path: str, *, key: str | None = None, method: str = "GET", **headers: str) -> Answer:
        """Call *path*; keyword arguments are headers, with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            named["Authorization"] = f"Bearer {key}"
        async with self.session.request(method, self.url + path, headers=named) as response:
            body = await response.json() if method != "HEAD" else None
            return Answer(response.status, response.headers, body)

    async def send(
        self, method: str, path: str, body: object = None, *, key: str | None = None, **headers: str
    ) -> Answer:
        """Send *body* as JSON (none: no body) to *path*; keyword arguments are headers, with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            named["Authorization"] = f"Bearer {key}"
        # A file, since aiohttp warns of a large body that is sent as one piece.
        sent = None if body is None else io.BytesIO(json.dumps(body).encode())
        if sent is not None:
            named["Content-Type"] = "application/json"
        async with self.session.request(method, self.url + path, headers=named, data=sent) as response:
            content = await response.read()
            return Answer(response.status, response.headers, json.loads(content) if content else None)


def make_test_rest(redis: RedisClient, *, github_url: str = "https://api.github.invalid") -> Rest:
    """Return what REST works with, with limits that no test meets by chance."""
    return Rest(
        cursors=CursorSealer(b"k" * 32),
        reads=ReadCache(redis, clock=time.monotonic),
        throttle=Throttle(redis, clock=time.time),
        rate=Rate(interval_seconds=0.001, burst=100_000),
        github=GitHubAccess(github_url, None, ()),
        key_ring=parse_key_ring(f"k1:{make_master_key()}"),
        key_environment="test",
        locks=ProjectLocks(redis, Identity("tester", "localhost"), lease_seconds=30.0),
        lease_seconds=30.0,
    )


def make_test_site(
    pool: Pool,
    redis: RedisClient,
    *,
    shows_details: bool = False,
    request_seconds: float = 10.0,
    trusted_proxies: Sequence[Network] = (LOOPBACK,),
    public_tenant: str | None = None,
    rest: Rest | None = None,
) -> Site:
    """Return a site that reads the real clock."""

    def clock() -> datetime:
        return datetime.now(UTC)

    return Site(
        pool=pool,
        redis=redis,
        migrations=list_migrations(),
        clock=clock,
        shows_details=shows_details,
        door=SignIn(pool, Passwords(ThreadPoolExecutor(2)), Throttle(redis, clock=time.time), clock),
        rest=make_test_rest(redis) if rest is None else rest,
        public_tenant=public_tenant,
        request_seconds=request_seconds,
        trusted_proxies=trusted_proxies,
    )


@asynccontextmanager
async def open_client(
    site: Site, *, prepare: Callable[[web.Application], None] | None = None, bounds: Bounds | None = None, port: int = 0
) -> AsyncIterator[Client]:
    """Serve *site* on loopback, on a free port where none is named, and open a client of it."""
    app = make_app(site)
    if prepare is not None:
        prepare(app)
    with bind(("127.0.0.1", port), option="--http") as listening:
        async with serve(app, listening, bounds=bounds) as url, aiohttp.ClientSession() as session:
            yield Client(session, url)


async def add_test_key(
    pool: Pool,
    tenant_id: TenantId,
    *,
    project_ids: Sequence[ProjectId] | None = None,
    scopes: Sequence[str] = ("docs:read",),
    expired: bool = False,
    revoked: bool = False,
    stored: bool = True,
) -> str:
    """Make a key of the tenant, of whatever kind, and return it."""
    key_id, secret = make_key_id(token_bytes(16)), token_bytes(32)
    if stored:
        expires_at = datetime.now(UTC) - timedelta(seconds=1) if expired else None
        new = NewKey(
            key_id=key_id,
            secret_hash=hash_secret(secret),
            name="test",
            scopes=tuple(scopes),
            project_ids=project_ids,
            expires_at=expires_at,
        )
        await add_key(pool, tenant_id, new)
    if revoked:
        await revoke_key(pool, tenant_id, key_id)
    return make_key("test", key_id, secret)


async def add_platform_test_key(pool: Pool, *, expired: bool = False, revoked: bool = False) -> str:
    """Make a platform key, of whatever kind, and return it."""
    expires_at = datetime.now(UTC) - timedelta(seconds=1) if expired else None
    made = await create_platform_key(pool, name="test", expires_at=expires_at)
    if revoked:
        async with pool.acquire() as connection:
            await revoke_platform_key(connection, made.key_id)
    return made.text
