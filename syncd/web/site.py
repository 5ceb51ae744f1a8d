"""What the handlers of the endpoint work with."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.migrations import Migration, list_migrations
from syncd.adapters.redis.locks import RedisClient
from syncd.adapters.redis.throttles import Throttle
from syncd.bootstrap import Parts
from syncd.core.permalinks import make_web_url
from syncd.services.budgets import Budgets
from syncd.services.connecting import Connecting
from syncd.services.feeds import Feeds
from syncd.services.signing_in import SignIn
from syncd.services.status import LEASE_SECONDS
from syncd.services.status_document import GITHUB_URL
from syncd.web.assets import Assets, load_assets
from syncd.web.bodies import Reader

Network: TypeAlias = IPv4Network | IPv6Network

REQUEST_SECONDS = 10.0
WEBHOOK_MAX_BYTES = (
    25 * 1024 * 1024
)  # GitHub does not deliver more: docs.github.com/webhooks/webhook-events-and-payloads


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The servers that are asked, the schema that is expected, the clock, and whether answers may hold details.

    *door*: what signs people in. *public_url*: the origin at which people reach the endpoint, where that is not its own address.
    *trusted_proxies*: whose word on who is calling is believed.
    *webhook_secrets*: what may sign deliveries; none: they are refused. *connecting*: what binds installations of the App.
    """

    pool: Pool
    redis: RedisClient
    migrations: Sequence[Migration]
    clock: Callable[[], datetime]
    shows_details: bool
    door: SignIn
    public_url: str | None = None
    trusted_proxies: Sequence[Network] = ()
    request_seconds: float = REQUEST_SECONDS
    webhook_secrets: Sequence[bytes] = field(default=(), repr=False)
    connecting: Connecting | None = None
    budgets: Budgets | None = None
    feeds: Feeds | None = None
    assets: Assets = field(default_factory=load_assets)
    github_url: str = GITHUB_URL
    lease_seconds: float = LEASE_SECONDS
    webhook_reader: Reader = field(default_factory=lambda: Reader(max_bytes=WEBHOOK_MAX_BYTES))


def make_site(parts: Parts, feeds: Feeds) -> Site:
    """Return the site of a daemon: it reads as the web login, and says no details in production."""
    return Site(
        pool=parts.web_pool,
        redis=parts.redis,
        migrations=list_migrations(),
        clock=parts.work.clock,
        shows_details=parts.settings.env != "production",
        door=SignIn(parts.web_pool, parts.passwords, Throttle(parts.redis, clock=time.time), parts.work.clock),
        public_url=parts.settings.public_url,
        trusted_proxies=parts.settings.trusted_proxies,
        webhook_secrets=parts.settings.webhook_secret_bytes,
        connecting=parts.connecting,
        budgets=parts.budgets,
        feeds=feeds,
        github_url=make_web_url(parts.settings.github_api_url),
        lease_seconds=parts.settings.lease_seconds,
    )
