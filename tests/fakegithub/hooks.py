"""Webhooks of the fake: who may manage them, what they sent, and a sender that can lose, double, reorder and forge."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from random import Random
from urllib.parse import urlencode
from uuid import UUID

import aiohttp

CONNECTION_FAILED = 0
_ANSWER_SECONDS = 10  # docs.github.com/webhooks: who takes longer has not answered


@dataclass(frozen=True, slots=True)
class Sending:
    """One delivery that is to be sent. *secret* none: with that of its hook."""

    guid: str
    event: str
    body: bytes
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery that was sent, and what came back."""

    number: int
    sending: Sending
    at: datetime
    redelivery: bool
    status_code: int


@dataclass(slots=True)
class FakeHook:
    """A webhook of one repository."""

    number: int
    repository_number: int
    url: str
    content_type: str
    secret: str
    events: Sequence[str]
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    sent: list[Sent] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishaps:
    """What becomes of deliveries on their way, as shares of 1. Forged ones come besides the honest ones."""

    lost: float = 0.0
    doubled: float = 0.0
    forged: float = 0.0
    shuffled: bool = False

    def strike(self, sendings: Sequence[Sending], random: Random) -> list[Sending]:
        """Return what is really sent of *sendings*, in its order."""
        struck: list[Sending] = []
        for sending in sendings:
            if random.random() < self.forged:
                struck.append(replace(sending, guid=make_guid(random), secret="a secret of somebody else"))
            if random.random() < self.lost:
                continue
            struck += [sending] * (2 if random.random() < self.doubled else 1)
        if self.shuffled:
            random.shuffle(struck)
        return struck


@dataclass(slots=True)
class Hooks:
    """Every webhook of the host. *managers* are the names of the callers that may manage them."""

    managers: set[str] = field(default_factory=set)
    _by_number: dict[int, FakeHook] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _random: Random = field(default_factory=lambda: Random(7))

    def add(
        self, repository_number: int, url: str, *, content_type: str, secret: str, events: Sequence[str]
    ) -> FakeHook:
        """Make a webhook."""
        hook = FakeHook(next(self._numbers), repository_number, url, content_type, secret, events)
        self._by_number[hook.number] = hook
        return hook

    def list_of(self, repository_number: int) -> list[FakeHook]:
        """Return the webhooks of a repository."""
        return [hook for hook in self._by_number.values() if hook.repository_number == repository_number]

    def find(self, repository_number: int, number: int) -> FakeHook | None:
        """Return one webhook of a repository."""
        hook = self._by_number.get(number)
        return hook if hook and hook.repository_number == repository_number else None

    def make_sending(self, event: str, payload: object) -> Sending:
        """Return a delivery with a GUID of its own."""
        return Sending(make_guid(self._random), event, json.dumps(payload, ensure_ascii=False).encode())

    async def send(self, hook: FakeHook, sending: Sending, *, redelivery: bool = False) -> Sent:
        """Send a delivery now, and remember what came back. Nothing is ever sent again by itself: neither does GitHub."""
        status_code = CONNECTION_FAILED
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        headers = make_headers(hook, sending)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(hook.url, data=encode_body(hook, sending), headers=headers) as answer,
            ):
                status_code = answer.status
        except (aiohttp.ClientError, TimeoutError):
            pass  # remembered as no answer
        sent = Sent(next(self._numbers), sending, datetime.now(UTC), redelivery, status_code)
        hook.sent.append(sent)
        return sent


def make_guid(random: Random) -> str:
    """Return a GUID as GitHub writes it."""
    return str(UUID(int=random.getrandbits(128), version=4))


def encode_body(hook: FakeHook, sending: Sending) -> bytes:
    """Return the raw bytes that are sent and signed."""
    if hook.content_type == "json":
        return sending.body
    return urlencode({"payload": sending.body}).encode()


def make_headers(hook: FakeHook, sending: Sending) -> dict[str, str]:
    """Return GitHub's headers: docs.github.com/webhooks/webhook-events-and-payloads, "Delivery headers"."""
    body, secret = encode_body(hook, sending), (sending.secret or hook.secret).encode()
    types = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
    headers = {
        "User-Agent": "GitHub-Hookshot/fa4e000",
        "Content-Type": types[hook.content_type],
        "X-GitHub-Hook-ID": str(hook.number),
        "X-GitHub-Event": sending.event,
        "X-GitHub-Delivery": sending.guid,
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        "X-GitHub-Hook-Installation-Target-ID": str(hook.repository_number),
    }
    if secret:
        headers["X-Hub-Signature"] = "sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest()
        headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return headers
