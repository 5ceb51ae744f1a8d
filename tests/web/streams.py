"""A reader of server-sent events, and an endpoint that sends them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import aiohttp

from syncd.adapters.redis.locks import RedisClient
from syncd.services.feeds import Feeds, ReaderBounds, Watched, open_feeds
from syncd.services.status_document import GITHUB_URL
from tests.databases import Database
from tests.mirror import Mirror
from tests.web.sites import Client, make_test_site, open_client

SECONDS = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """One event as it arrived."""

    kind: str
    number: str | None
    body: Any


@dataclass(frozen=True, slots=True)
class Stream:
    """An open stream."""

    response: aiohttp.ClientResponse

    async def read(self) -> Sent | None:
        """Return the next event; none at the end."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(SECONDS):
            while line := (await self.response.content.readline()).decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if name in {"id", "event", "data"}:
                    fields[name] = value
                elif "event" in fields:
                    return Sent(fields["event"], fields.get("id"), json.loads(fields["data"]))
        return None

    async def read_until(self, kind: str, **wanted: object) -> list[Sent]:
        """Return the events up to the first of *kind* whose body has what is *wanted*."""
        found: list[Sent] = []
        while (sent := await self.read()) is not None:
            found.append(sent)
            if sent.kind == kind and wanted.items() <= sent.body.items():
                return found
        raise AssertionError(f"the stream ended without {kind}: {found}")


@asynccontextmanager
async def open_stream(client: Client, key: str, *, after: str | None = None) -> AsyncIterator[Stream]:
    """Follow the events of *client*, after the one that is called *after*."""
    headers: Mapping[str, str] = {"Authorization": f"Bearer {key}"} | ({"Last-Event-ID": after} if after else {})
    async with client.session.get(f"{client.url}/events", headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        yield Stream(response)


@asynccontextmanager
async def open_live_client(
    mirror: Mirror,
    redis: RedisClient,
    database: Database,
    *,
    readers_max: int = 10,
    readers_per_caller: int = 10,
    port: int = 0,
    public_tenant: str | None = None,
) -> AsyncIterator[tuple[Client, Feeds]]:
    """Serve *mirror* with its events; on a free port where none is named."""
    watched = Watched(mirror.web_pool, redis, database.web_url, lambda: datetime.now(UTC))
    async with open_feeds(
        watched, bounds=ReaderBounds(readers_max, readers_per_caller), github_url=GITHUB_URL
    ) as feeds:
        site = replace(make_test_site(mirror.web_pool, redis), feeds=feeds, public_tenant=public_tenant)
        async with open_client(site, port=port) as client:
            yield client, feeds
