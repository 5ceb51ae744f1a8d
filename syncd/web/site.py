"""What the handlers of the endpoint work with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.migrations import Migration, list_migrations
from syncd.adapters.redis.locks import RedisClient
from syncd.bootstrap import Parts
from syncd.services.budgets import Budgets
from syncd.services.connecting import Connecting
from syncd.web.bodies import Reader

REQUEST_SECONDS = 10.0
WEBHOOK_MAX_BYTES = (
    25 * 1024 * 1024
)  # GitHub does not deliver more: docs.github.com/webhooks/webhook-events-and-payloads


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The servers that are asked, the schema that is expected, the clock, and whether answers may hold details.

    *webhook_secrets*: what may sign deliveries; none: they are refused. *connecting*: what binds installations of the App.
    """

    pool: Pool
    redis: RedisClient
    migrations: Sequence[Migration]
    clock: Callable[[], datetime]
    shows_details: bool
    request_seconds: float = REQUEST_SECONDS
    webhook_secrets: Sequence[bytes] = field(default=(), repr=False)
    connecting: Connecting | None = None
    budgets: Budgets | None = None
    webhook_reader: Reader = field(default_factory=lambda: Reader(max_bytes=WEBHOOK_MAX_BYTES))


def make_site(parts: Parts) -> Site:
    """Return the site of a daemon: it reads as the web login, and says no details in production."""
    return Site(
        pool=parts.web_pool,
        redis=parts.redis,
        migrations=list_migrations(),
        clock=parts.work.clock,
        shows_details=parts.settings.env != "production",
        webhook_secrets=parts.settings.webhook_secret_bytes,
        connecting=parts.connecting,
        budgets=parts.budgets,
    )
