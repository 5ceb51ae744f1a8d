"""A whole status endpoint of a tenant for a browser: page, events, REST."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from syncd.adapters.redis.locks import RedisClient
from syncd.services.users import SIGN_IN_PATH
from tests.databases import Database
from tests.mirror import Mirror
from tests.web.people import add_test_user, make_test_link
from tests.web.streams import open_live_client


@dataclass(frozen=True, slots=True)
class Served:
    """Where the endpoint is, and the token of a link that signs an owner in."""

    url: str
    link: str

    @property
    def sign_in(self) -> str:
        """Return the address that signs in."""
        return f"{self.url}{SIGN_IN_PATH}#link={self.link}"


@asynccontextmanager
async def serving(mirror: Mirror, redis: RedisClient, database: Database, *, port: int = 0) -> AsyncIterator[Served]:
    """Serve the tenant of *mirror*, on a free port where none is named; its owner is ann@example.com."""
    user = await add_test_user(mirror)
    async with open_live_client(mirror, redis, database, readers_max=20, port=port) as (client, _):
        yield Served(client.url, await make_test_link(mirror, user))
