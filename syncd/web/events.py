"""The status as server-sent events: everything at first, then what changes, for as long as the caller may see it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from aiohttp import hdrs, web

from syncd.core.callers import Caller
from syncd.errors import Forbidden, RetryLater
from syncd.services.feeds import Event, Feed
from syncd.web.answers import Unauthorized
from syncd.web.auth import get_viewer
from syncd.web.doors import name_subject
from syncd.web.middlewares import DEADLINE, accepts_gzip
from syncd.web.pieces import GzipStream, Piece, Pieces, PlainStream
from syncd.web.site import Site

BEAT_SECONDS = (
    4.0  # a line at least so often, and the caller is asked for again: who was revoked is out within five seconds
)
WRITE_SECONDS = 10.0  # who does not read for so long is cut off, and comes back for what it missed
RETRY_MILLISECONDS = 2000
LAST_EVENT_ID = "Last-Event-ID"

_ID = re.compile(r"([0-9a-f]{12})\.([0-9]{1,15})")


async def follow_events(site: Site, caller: Caller, request: web.Request) -> web.StreamResponse:
    """Answer events until the caller goes, is revoked, or the server ends."""
    if site.feeds is None:
        raise RetryLater("events_off", "This server sends no events.", hint="Ask /status instead.")
    request[DEADLINE].reschedule(None)
    async with site.feeds.reading(caller.tenant_id, name_subject(site, caller, request)) as feed:
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8"})
        response.headers["X-Accel-Buffering"] = "no"  # nginx would keep events back until its buffer is full
        stream: PlainStream | GzipStream = PlainStream()
        if accepts_gzip(request):
            stream, response.headers[hdrs.CONTENT_ENCODING] = GzipStream(), "gzip"
        await response.prepare(request)
        async for piece in _list_pieces(site, caller, request, feed=feed):
            if not await _send(request, response, stream.add(piece)):
                return response
        await _send(request, response, stream.end())
    return response


async def _send(request: web.Request, response: web.StreamResponse, content: bytes) -> bool:
    """Send *content*; false when nobody reads any more."""
    try:
        async with asyncio.timeout(WRITE_SECONDS):
            await response.write(content)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        return False
    except ConnectionError:
        return False
    return True


def end_events(site: Site) -> Callable[[web.Application], Awaitable[None]]:
    """Return what ends all streams when the server ends: they would hold it up."""

    async def end(_app: web.Application) -> None:
        if site.feeds is not None:
            site.feeds.close()

    return end


async def _list_pieces(site: Site, caller: Caller, request: web.Request, *, feed: Feed) -> AsyncIterator[Piece]:
    """Yield what to send next, and at least a beat in time."""
    loop = asyncio.get_running_loop()
    feeds = site.feeds
    yield Piece(f"retry: {RETRY_MILLISECONDS}\n\n".encode())
    await feed.looked.wait()
    number, checked_at = _find_number(request, feed), loop.time()
    while feeds is not None and not feeds.closing:
        piece = _write_since(site.pieces, feed, caller, number)
        number = feed.number
        yield piece
        await feed.wait(number, seconds=max(0.0, checked_at + BEAT_SECONDS - loop.time()))
        if loop.time() - checked_at >= BEAT_SECONDS:
            refused = await _find_refusal(site, request)
            if refused is not None:
                yield Piece(_write("end", json.dumps({"code": refused.code, "message": refused.message})).encode())
                return
            checked_at = loop.time()


def _write_since(pieces: Pieces, feed: Feed, caller: Caller, number: int | None) -> Piece:
    """Return what happened after *number*, or everything where that is not kept; one piece for all who see the whole tenant."""
    events = None if number is None else feed.list_since(number)

    def make() -> str:
        return _write_all(feed, caller) if events is None else _write_news(feed, events, caller)

    if caller.project_ids is not None:
        return Piece(make().encode())
    key = (feed.name, -1, feed.version) if events is None else (feed.name, feed.number - len(events), feed.number)
    return pieces.get(key, make)


def _find_number(request: web.Request, feed: Feed) -> int | None:
    """Return the number of the last event that the caller has; none where it has none of this feed."""
    known = _ID.fullmatch(request.headers.get(LAST_EVENT_ID, ""))
    return int(known[2]) if known and known[1] == feed.name else None


async def _find_refusal(site: Site, request: web.Request) -> Unauthorized | Forbidden | None:
    try:
        await get_viewer(site, request)
    except (Unauthorized, Forbidden) as error:
        return error
    except RetryLater:
        return None  # nobody can say; and while Postgres is away there is nothing new to be seen
    return None


def _write_all(feed: Feed, caller: Caller) -> str:
    """Return everything, as from nothing. Only its end has an id: who got a part of it must begin again."""
    events = [event for event in feed.list_everything() if _may_see(event, caller)]
    parts = [_write(event.kind, _redact(event, caller)) for event in events]
    begin = json.dumps({"projects": len(events) - 1})
    return "".join((_write("resync", begin), *parts, _write("synced", "{}", f"{feed.name}.{feed.number}")))


def _write_news(feed: Feed, events: Sequence[Event], caller: Caller) -> str:
    """Return what the caller may see of *events*; a beat where that is nothing."""
    written = [
        _write(event.kind, _redact(event, caller), f"{feed.name}.{event.number}")
        for event in events
        if _may_see(event, caller)
    ]
    return "".join(written) or ":\n\n"


def _may_see(event: Event, caller: Caller) -> bool:
    allowed = caller.project_ids
    return allowed is None or event.project_id is None or event.project_id in {str(one) for one in allowed}


def _redact(event: Event, caller: Caller) -> str:
    """Return the text of *event*; a key of some projects does not see what the tenant's others draw on."""
    if event.project_id is not None or caller.project_ids is None:
        return event.text
    return json.dumps({**json.loads(event.text), "github": None}, ensure_ascii=False)


def _write(kind: str, text: str, number: str = "") -> str:
    # JSON has no line breaks of its own, so that a string from outside cannot end an event.
    identity = f"id: {number}\n" if number else ""
    return f"{identity}event: {kind}\ndata: {text}\n\n"
