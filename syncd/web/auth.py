"""Who is calling: a key, and through it one tenant."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import hdrs, web

from syncd.adapters.postgres.keys import ResolvedKey, resolve_key
from syncd.adapters.postgres.outages import explaining_outage
from syncd.core.keys import parse_key
from syncd.web.answers import Forbidden, make_unauthorized_error
from syncd.web.site import Site

TENANT_HEADER = "X-Tenant-ID"

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
OpenHandler: TypeAlias = Callable[[Site, web.Request], Awaitable[web.StreamResponse]]
CallerHandler: TypeAlias = Callable[[Site, ResolvedKey, web.Request], Awaitable[web.StreamResponse]]


def opened(site: Site, handler: OpenHandler) -> Handler:
    """Let everybody call *handler*."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(site, request)

    return handle


def identified(site: Site, handler: CallerHandler) -> Handler:
    """Call *handler* with who is calling; who cannot say so gets no further."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(site, await get_caller(site, request), request)

    return handle


async def get_caller(site: Site, request: web.Request) -> ResolvedKey:
    """Return whose key the request carries. Raises `Unauthorized`, `Forbidden` for another tenant's id, `Unreachable`."""
    scheme, _, text = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    key = parse_key(text.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise make_unauthorized_error()
    with explaining_outage():
        caller = await resolve_key(site.pool, key.key_id, key.secret_hash, site.clock())
    if caller is None:
        raise make_unauthorized_error()
    named = request.headers.get(TENANT_HEADER)
    if named is not None and named.strip().lower() != str(caller.tenant_id):
        raise Forbidden(
            "tenant_forbidden",
            f"This key does not act for the tenant in {TENANT_HEADER}.",
            hint="A key belongs to one tenant: leave the header out, or use a key of that tenant.",
        )
    return caller
