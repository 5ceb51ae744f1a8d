"""What can go wrong on the way, as plain values that a test puts into `fake.faults`."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, assert_never

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Answer:
    """GitHub answers this instead; the request is not looked at."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class WrongBytes:
    """The answer arrives whole, and its last byte is another one."""


@dataclass(frozen=True, slots=True)
class CutBody:
    """The connection breaks after *keep_bytes* of the body."""

    keep_bytes: int


@dataclass(frozen=True, slots=True)
class CutListing:
    """A tree listing holds only its first entries. With *silently* it does not say so, which GitHub never does."""

    keep_entries: int
    silently: bool = False


@dataclass(frozen=True, slots=True)
class PartialData:
    """GraphQL gives the first *keep* objects; the others are null, and an error tells that they cost too much."""

    keep: int


@dataclass(frozen=True, slots=True)
class WrongTexts:
    """GraphQL gives texts of which every *nth* has another first character."""

    nth: int


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer comes before *until* is set; *arrived* tells that a request waits for it."""

    until: asyncio.Event
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


Effect = Answer | WrongBytes | CutBody | CutListing | PartialData | WrongTexts | Silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """*effect* strikes requests whose path and query match the regular expression *on*: *times* of them, none meaning all.

    The first *after* matching requests pass unharmed.
    """

    on: str
    effect: Effect
    times: int | None = 1
    after: int = 0


class Faults:
    """The faults that stand, the oldest first."""

    def __init__(self) -> None:
        self._standing: list[tuple[Fault, list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Let *fault* strike from now on."""
        self._standing.append((fault, [0]))

    def clear(self) -> None:
        """Heal everything."""
        self._standing.clear()

    def find(self, path_and_query: str) -> Effect | None:
        """Return what strikes this request, and count it."""
        for fault, matched in self._standing:
            if not re.search(fault.on, path_and_query):
                continue
            matched[0] += 1
            if matched[0] > fault.after and (fault.times is None or matched[0] <= fault.after + fault.times):
                return fault.effect
        return None


async def apply_effect(effect: Effect, request: web.Request, honest: web.Response) -> web.StreamResponse:
    """Return what the client gets in place of the *honest* answer."""
    body = honest.body if isinstance(honest.body, bytes) else b""
    match effect:
        case Answer(status, headers, content):
            return web.Response(status=status, headers=headers, body=content)
        case WrongBytes() | CutListing() | PartialData() | WrongTexts() if honest.status != HTTPStatus.OK:
            return honest  # there is nothing to spoil in a refusal
        case WrongBytes() | CutListing() | PartialData() | WrongTexts():
            headers = {name: value for name, value in honest.headers.items() if name.lower() != "content-length"}
            return web.Response(status=honest.status, headers=headers, body=_spoil(effect, body))
        case CutBody(keep_bytes):
            return await _cut(request, honest, body[:keep_bytes])
        case Silence(until, arrived):
            arrived.set()
            await until.wait()
            return honest
        case _:
            assert_never(effect)


def _spoil(effect: WrongBytes | CutListing | PartialData | WrongTexts, body: bytes) -> bytes:
    match effect:
        case WrongBytes():
            return body[:-1] + bytes([body[-1] ^ 1])
        case CutListing(keep_entries, silently):
            listing = json.loads(body)
            return json.dumps({**listing, "tree": listing["tree"][:keep_entries], "truncated": not silently}).encode()
        case PartialData(keep):
            return json.dumps(_without_objects(json.loads(body), keep)).encode()
        case WrongTexts(nth):
            return json.dumps(_with_wrong_texts(json.loads(body), nth)).encode()
        case _:
            assert_never(effect)


def _without_objects(answer: dict[str, Any], keep: int) -> dict[str, Any]:
    node = answer["data"]["node"]
    lost = list(node)[keep:]
    told = "Resource limits for this query exceeded."
    errors = [{"type": "RESOURCE_LIMITS_EXCEEDED", "path": ["node", alias], "message": told} for alias in lost]
    return {"data": {"node": node | dict.fromkeys(lost)}, "errors": errors}


def _with_wrong_texts(answer: dict[str, Any], nth: int) -> dict[str, Any]:
    for told in list(answer["data"]["node"].values())[::nth]:
        told["text"] = "\u2603" + told["text"][1:]
    return answer


async def _cut(request: web.Request, honest: web.Response, kept: bytes) -> web.StreamResponse:
    response = web.StreamResponse(status=honest.status, headers=honest.headers)
    response.content_length = len(honest.body) if isinstance(honest.body, bytes) else 0
    await response.prepare(request)
    await response.write(kept)
    if request.transport:
        request.transport.close()
    return response
