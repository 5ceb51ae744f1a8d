"""What the handlers of the endpoint work with."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncd.adapters.encryption import KeyRing
from syncd.adapters.metrics import Metrics
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.migrations import Migration, list_migrations
from syncd.adapters.redis.locks import ProjectLocks, RedisClient
from syncd.adapters.redis.reads import ReadCache
from syncd.adapters.redis.throttles import Throttle
from syncd.bootstrap import Parts
from syncd.core.addresses import Network
from syncd.core.cursors import CursorSealer, make_installation_key
from syncd.core.permalinks import make_web_url
from syncd.core.throttles import Rate
from syncd.services.budgets import Budgets
from syncd.services.connecting import Connecting
from syncd.services.feeds import Feeds
from syncd.services.signing_in import SignIn
from syncd.services.sources import GitHubAccess
from syncd.services.status import LEASE_SECONDS
from syncd.services.status_document import GITHUB_URL
from syncd.settings import KEY_ENVIRONMENTS, require_setting
from syncd.web.assets import Assets, load_assets
from syncd.web.bodies import Reader
from syncd.web.pieces import Pieces

REQUEST_SECONDS = 10.0
WEBHOOK_MAX_BYTES = (
    25 * 1024 * 1024
)  # GitHub does not deliver more: docs.github.com/webhooks/webhook-events-and-payloads


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What the REST interface works with beside the servers. *cors_origins*: whose pages may call it with a key."""

    cursors: CursorSealer
    reads: ReadCache
    throttle: Throttle
    rate: Rate
    github: GitHubAccess
    key_ring: KeyRing | None
    key_environment: str
    locks: ProjectLocks
    lease_seconds: float
    cors_origins: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The servers that are asked, the schema that is expected, the clock, and whether answers may hold details.

    *door*: what signs people in. *public_tenant*: whose status anybody may read, by name; none: nobody's.
    *public_url*: the origin at which people reach the endpoint, where that is not its own address.
    *trusted_proxies*: whose word on who is calling is believed.
    *webhook_secrets*: what may sign deliveries; none: they are refused. *connecting*: what binds installations of the App.
    """

    pool: Pool
    redis: RedisClient
    migrations: Sequence[Migration]
    clock: Callable[[], datetime]
    shows_details: bool
    door: SignIn
    rest: Rest
    public_tenant: str | None = None
    public_url: str | None = None
    trusted_proxies: Sequence[Network] = ()
    request_seconds: float = REQUEST_SECONDS
    webhook_secrets: Sequence[bytes] = field(default=(), repr=False)
    connecting: Connecting | None = None
    budgets: Budgets | None = None
    feeds: Feeds | None = None
    pieces: Pieces = field(default_factory=Pieces)
    metrics: Metrics = field(default_factory=Metrics)
    assets: Assets = field(default_factory=load_assets)
    github_url: str = GITHUB_URL
    lease_seconds: float = LEASE_SECONDS
    webhook_reader: Reader = field(default_factory=lambda: Reader(max_bytes=WEBHOOK_MAX_BYTES))


def make_site(parts: Parts, feeds: Feeds) -> Site:
    """Return the site of a daemon: it reads as the web login, and says no details in production."""
    settings = parts.settings
    throttle = Throttle(parts.redis, clock=time.time)
    return Site(
        pool=parts.web_pool,
        redis=parts.redis,
        migrations=list_migrations(),
        clock=parts.work.clock,
        shows_details=settings.env != "production",
        door=SignIn(parts.web_pool, parts.passwords, throttle, parts.work.clock),
        rest=make_rest(parts, throttle),
        public_tenant=settings.public_status,
        public_url=settings.public_url,
        trusted_proxies=settings.trusted_proxies,
        webhook_secrets=settings.webhook_secret_bytes,
        connecting=parts.connecting,
        budgets=parts.budgets,
        feeds=feeds,
        metrics=parts.locking.metrics,
        github_url=make_web_url(parts.settings.github_api_url),
        lease_seconds=parts.settings.lease_seconds,
    )


def make_rest(parts: Parts, throttle: Throttle) -> Rest:
    """Return what the REST interface of a daemon works with. Its cursors are sealed alike in every daemon of this login."""
    settings = parts.settings
    key = make_installation_key(
        require_setting(settings.web_database_url, "SYNCD_WEB_DATABASE_URL"), salt=b"syncd-rest"
    )
    return Rest(
        cursors=CursorSealer(key),
        reads=ReadCache(parts.redis, clock=time.monotonic),
        throttle=throttle,
        rate=make_rest_rate(settings.rest_requests_per_minute),
        github=parts.github,
        key_ring=parts.key_ring,
        key_environment=KEY_ENVIRONMENTS[settings.env],
        locks=parts.locking.locks,
        lease_seconds=settings.lease_seconds,
        cors_origins=frozenset(settings.cors_origins),
    )


def make_rest_rate(requests_per_minute: int) -> Rate:
    """Return the rate of one caller: what it may ask in ten seconds, it may ask at once."""
    return Rate(interval_seconds=60 / requests_per_minute, burst=max(1, requests_per_minute // 6))
