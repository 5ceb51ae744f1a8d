"""What the handlers of the endpoint work with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.migrations import Migration, list_migrations
from syncd.adapters.redis.locks import RedisClient
from syncd.bootstrap import Parts

REQUEST_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The servers that are asked, the schema that is expected, the clock, and whether answers may hold details."""

    pool: Pool
    redis: RedisClient
    migrations: Sequence[Migration]
    clock: Callable[[], datetime]
    shows_details: bool
    request_seconds: float = REQUEST_SECONDS


def make_site(parts: Parts) -> Site:
    """Return the site of a daemon: it reads as the web login, and says no details in production."""
    return Site(
        pool=parts.web_pool,
        redis=parts.redis,
        migrations=list_migrations(),
        clock=parts.work.clock,
        shows_details=parts.settings.env != "production",
    )
