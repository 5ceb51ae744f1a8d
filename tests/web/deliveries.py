"""Deliveries as GitHub sends them, and an endpoint that takes them."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.redis.locks import RedisClient
from syncd.web.bodies import Reader
from syncd.web.site import WEBHOOK_MAX_BYTES
from tests.web.sites import Answer, Client, make_test_site, open_client

OLD_SECRET, NEW_SECRET = b"the secret until today", b"the secret from today on"
PATH = "/webhooks/github"


def sign(body: bytes, secret: bytes = NEW_SECRET) -> str:
    """Return the header X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def make_push(repository_id: int, *, ref: str = "refs/heads/main") -> bytes:
    """Return the body of a push, with the fields that count."""
    return json.dumps({"ref": ref, "after": "1" * 40, "repository": {"id": repository_id}}).encode()


@dataclass(slots=True)
class Delivery:
    """One delivery; a header that is none is left out."""

    body: bytes
    event: str | None = "push"
    delivery_id: str | None = field(default_factory=lambda: str(uuid4()))
    content_type: str = "application/json"
    secret: bytes = NEW_SECRET
    more: dict[str, str | None] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that GitHub would send."""
        headers = {
            "Content-Type": self.content_type,
            "X-GitHub-Event": self.event,
            "X-GitHub-Delivery": self.delivery_id,
            "X-Hub-Signature-256": sign(self.body, self.secret),
            **self.more,
        }
        return {name: value for name, value in headers.items() if value is not None}


async def deliver(client: Client, delivery: Delivery, **options: Any) -> Answer:  # noqa: ANN401 - as aiohttp takes them
    """Send *delivery* and return what came back."""
    options = {"data": delivery.body, "headers": delivery.headers, **options}
    async with client.session.post(client.url + PATH, **options) as response:
        return Answer(response.status, response.headers, await response.json())


@asynccontextmanager
async def open_endpoint(
    pool: Pool,
    redis: RedisClient,
    *,
    secrets: Sequence[bytes] = (NEW_SECRET, OLD_SECRET),
    reader: Reader | None = None,
) -> AsyncIterator[Client]:
    """Serve an endpoint that knows *secrets*."""
    site = replace(
        make_test_site(pool, redis),
        webhook_secrets=secrets,
        webhook_reader=reader or Reader(max_bytes=WEBHOOK_MAX_BYTES),
    )
    async with open_client(site) as client:
        yield client
