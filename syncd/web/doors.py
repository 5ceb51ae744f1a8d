"""Who gets in: everybody, who says who it is, or who may look. Whoever asks for more than its share waits: nobody keeps the others out."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TypeAlias

from aiohttp import web

from syncd.core.callers import Caller
from syncd.errors import RateLimited
from syncd.web.auth import get_address, get_caller, get_viewer
from syncd.web.site import Site

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
OpenHandler: TypeAlias = Callable[[Site, web.Request], Awaitable[web.StreamResponse]]
CallerHandler: TypeAlias = Callable[[Site, Caller, web.Request], Awaitable[web.StreamResponse]]


def opened(site: Site, handler: OpenHandler) -> Handler:
    """Let everybody call *handler*."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(site, request)

    return handle


def identified(site: Site, handler: CallerHandler) -> Handler:
    """Call *handler* with who is calling; who cannot say so gets no further."""

    async def handle(request: web.Request) -> web.StreamResponse:
        caller = await get_caller(site, request)
        await take_turn(site, name_subject(site, caller, request))
        return await handler(site, caller, request)

    return handle


def viewed(site: Site, handler: CallerHandler) -> Handler:
    """Call *handler* with who looks; where SYNCD_PUBLIC_STATUS lets it, that is anybody."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(site, await let_in(site, request), request)

    return handle


async def let_in(site: Site, request: web.Request) -> Caller:
    """Return who looks at the status, and take a turn of it. Raises `RateLimited`, and as `get_viewer`."""
    caller = await get_viewer(site, request)
    await take_turn(site, name_subject(site, caller, request))
    return caller


def name_subject(site: Site, caller: Caller, request: web.Request) -> str:
    """Return whose turn a request takes: a user's, a key's; of the public, each address has its own."""
    if caller.is_public:
        return f"{caller.tenant_id}:public:{get_address(site, request)}"
    return str(caller.user_id or f"{caller.tenant_id}:{caller.actor}")


async def take_turn(site: Site, subject: str) -> None:
    """Take a turn of *subject*. Raises `RateLimited` when it has asked too often."""
    wait = await site.rest.throttle.take(f"rest:{sha256(subject.encode()).hexdigest()[:32]}", site.rest.rate)
    if wait > 0:
        raise RateLimited(
            "too_many_requests", "There were too many requests.", hint="Wait, and go on slower.", after_seconds=wait
        )
