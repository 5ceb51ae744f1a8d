"""Who is calling: a key or a signed-in user, and through it one tenant; and whether a page of ours made the browser call."""

import hmac
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from syncd.adapters.postgres.keys import ResolvedKey, resolve_key
from syncd.adapters.postgres.outages import explaining_outage
from syncd.core.callers import Caller
from syncd.core.keys import parse_key
from syncd.core.sessions import make_csrf_token
from syncd.services.signing_in import resolve_session
from syncd.web.answers import Forbidden, make_unauthorized_error
from syncd.web.cookies import find_session_token
from syncd.web.site import Site

TENANT_HEADER = "X-Tenant-ID"
CSRF_HEADER = "X-CSRF-Token"
FORWARDED_HEADER = "X-Forwarded-For"
FETCH_SITE_HEADER = "Sec-Fetch-Site"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
OpenHandler: TypeAlias = Callable[[Site, web.Request], Awaitable[web.StreamResponse]]
CallerHandler: TypeAlias = Callable[[Site, Caller, web.Request], Awaitable[web.StreamResponse]]


def opened(site: Site, handler: OpenHandler) -> Handler:
    """Let everybody call *handler*."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(site, request)

    return handle


def identified(site: Site, handler: CallerHandler, *, scope: str | None = None) -> Handler:
    """Call *handler* with who is calling; who cannot say so, or lacks *scope*, gets no further."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(site, await get_caller(site, request, scope=scope), request)

    return handle


async def get_caller(site: Site, request: web.Request, *, scope: str | None = None) -> Caller:
    """Return who makes the request: the key of its header, else the user of its cookie.

    May be asked again while a long answer is under way: a key that was revoked and a session that was ended are refused then.
    Raises `Unauthorized`; `Forbidden` for another tenant's id, for a write that no page of ours made, and where *scope* is
    missing; `Unreachable`.
    """
    if hdrs.AUTHORIZATION in request.headers:
        caller = await _get_key_holder(site, request)
    else:
        caller = await _get_signed_in(site, request)
    named = request.headers.get(TENANT_HEADER)
    if named is not None and named.strip().lower() != str(caller.tenant_id):
        raise Forbidden(
            "tenant_forbidden",
            f"You do not act for the tenant in {TENANT_HEADER}.",
            hint="A key or a user belongs to one tenant: leave the header out, or use one of that tenant.",
        )
    if scope is not None:
        require_scope(caller, scope)
    return caller


async def _get_key_holder(site: Site, request: web.Request) -> Caller:
    scheme, _, text = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    key = parse_key(text.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise make_unauthorized_error()
    with explaining_outage():
        resolved = await resolve_key(site.pool, key.key_id, key.secret_hash, site.clock())
    if resolved is None:
        raise make_unauthorized_error()
    return make_key_caller(resolved)


def make_key_caller(key: ResolvedKey) -> Caller:
    """Return the caller that a key of a tenant makes."""
    return Caller(
        tenant_id=key.tenant_id,
        tenant_name=key.tenant_name,
        actor=f"key:{key.key_id}",
        scopes=key.scopes,
        project_ids=key.project_ids,
    )


async def _get_signed_in(site: Site, request: web.Request) -> Caller:
    text = find_session_token(request)
    if text is None:
        raise make_unauthorized_error()
    with explaining_outage():
        caller = await resolve_session(site.pool, text, site.clock())
    if caller is None:
        raise make_unauthorized_error()
    if request.method not in SAFE_METHODS:
        refuse_other_sites(site, request, strictly=True)
        _require_csrf_token(caller, request)
    return caller


def require_scope(caller: Caller, scope: str) -> None:
    """Raise `Forbidden` unless the caller has *scope*."""
    if scope not in caller.scopes:
        raise Forbidden(
            "scope_missing",
            f"This needs the scope {scope}.",
            hint="Use a key with that scope, or sign in as an admin; docs/rest.md says which role has which scope.",
        )


def refuse_other_sites(site: Site, request: web.Request, *, strictly: bool = False) -> None:
    """Raise `Forbidden` for a request that a page of another site made a browser send; *strictly*: also where nothing tells.

    Browsers tell by Sec-Fetch-Site and Origin, which no page can forge; other programs send neither.
    """
    fetched = request.headers.get(FETCH_SITE_HEADER)
    origin = request.headers.get(hdrs.ORIGIN)
    ours = (fetched in {None, "same-origin"}) and (origin is None or is_own_origin(site, request, origin))
    if not ours or (strictly and fetched is None and origin is None):
        raise _make_other_site_error()


def is_own_origin(site: Site, request: web.Request, origin: str) -> bool:
    """Return whether *origin* is where this endpoint is reached: by the request's own host, or at SYNCD_PUBLIC_URL."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if site.public_url is not None and origin == site.public_url:
        return True
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == request.host.lower()


def _require_csrf_token(caller: Caller, request: web.Request) -> None:
    assert caller.session_id is not None  # noqa: S101 - who came by cookie has one
    given = request.headers.get(CSRF_HEADER, "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, make_csrf_token(caller.session_id).encode()):
        raise _make_other_site_error()


def _make_other_site_error() -> Forbidden:
    return Forbidden(
        "cross_site",
        "This write did not come from a page of this site.",
        hint=f"By cookie, send {CSRF_HEADER} with the csrfToken of GET /api/v1/session; programs use a key.",
    )


def get_address(site: Site, request: web.Request) -> str:
    """Return the address that a request comes from; behind a trusted proxy, the nearest one that it names and we do not trust."""
    address = request.remote or ""
    named = [part.strip() for part in request.headers.get(FORWARDED_HEADER, "").split(",") if part.strip()]
    while named and _is_trusted(site, address):
        address = named.pop()
    return address


def _is_trusted(site: Site, address: str) -> bool:
    try:
        return any(ip_address(address) in network for network in site.trusted_proxies)
    except ValueError:
        return False
