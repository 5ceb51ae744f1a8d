"""Who is calling: a key or a signed-in user, and through it one tenant; and whether a page of ours made the browser call."""

import hmac
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import hdrs, web

from syncd.adapters.postgres.keys import ResolvedKey, resolve_key
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.platform_keys import resolve_platform_key
from syncd.adapters.postgres.tenants import find_tenant
from syncd.core.addresses import find_address
from syncd.core.callers import Caller
from syncd.core.ids import TenantId
from syncd.core.keys import PLATFORM, KeyParts, parse_key
from syncd.core.sessions import make_csrf_token
from syncd.core.users import Role, list_scopes
from syncd.errors import Forbidden
from syncd.services.signing_in import resolve_session
from syncd.services.tenants import get_tenant, make_tenant_not_found
from syncd.web.answers import MissingTenant, Unauthorized, make_unauthorized_error
from syncd.web.cookies import find_session_token
from syncd.web.site import Site

TENANT_HEADER = "X-Tenant-ID"
CSRF_HEADER = "X-CSRF-Token"
FORWARDED_HEADER = "X-Forwarded-For"
FETCH_SITE_HEADER = "Sec-Fetch-Site"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


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
    if not caller.is_platform and named is not None and named.strip().lower() != str(caller.tenant_id):
        raise Forbidden(
            "tenant_forbidden",
            f"You do not act for the tenant in {TENANT_HEADER}.",
            hint="A key or a user belongs to one tenant: leave the header out, or use one of that tenant.",
        )
    caller.require_scope(scope)
    return caller


async def _get_key_holder(site: Site, request: web.Request) -> Caller:
    key = _parse_bearer(request)
    if key.environment == PLATFORM:
        return await _get_platform_caller(site, request)
    with explaining_outage():
        resolved = await resolve_key(site.pool, key.key_id, key.secret_hash, site.clock())
    if resolved is None:
        raise make_unauthorized_error()
    return make_key_caller(resolved)


def _parse_bearer(request: web.Request) -> KeyParts:
    scheme, _, text = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    key = parse_key(text.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise make_unauthorized_error()
    return key


async def get_platform_key(site: Site, request: web.Request) -> str:
    """Return the id of the platform key of a request. Raises `Unauthorized`, `Forbidden` for everybody else, `Unreachable`."""
    if hdrs.AUTHORIZATION not in request.headers or _parse_bearer(request).environment != PLATFORM:
        await get_caller(site, request)
        raise Forbidden(
            "platform_key_needed",
            "This needs a platform key.",
            hint="`syncd key add --platform` makes one: it is for who runs the installation.",
        )
    key = _parse_bearer(request)
    with explaining_outage():
        if not await resolve_platform_key(site.pool, key.key_id, key.secret_hash, site.clock()):
            raise make_unauthorized_error()
    return key.key_id


async def _get_platform_caller(site: Site, request: web.Request) -> Caller:
    """Return the caller that a platform key makes: for the tenant that the request names."""
    key_id = await get_platform_key(site, request)
    named = request.headers.get(TENANT_HEADER, "").strip()
    if not named:
        raise MissingTenant(
            "tenant_missing",
            "A platform key acts for the tenant that the request names, and this one names none.",
            hint=f"Send {TENANT_HEADER} with the id of the tenant; GET /api/v1/tenants lists them.",
        )
    try:
        tenant_id = TenantId(UUID(named))
    except ValueError as error:
        raise make_tenant_not_found(named) from error
    with explaining_outage():
        tenant = await get_tenant(site.pool, tenant_id)
    return Caller(
        tenant_id=tenant.tenant_id,
        tenant_name=tenant.name,
        actor=f"platform:{key_id}",
        scopes=list_scopes(Role.OWNER),
        is_platform=True,
    )


async def get_viewer(site: Site, request: web.Request) -> Caller:
    """Return who looks at the status: who says who it is, else the public, where SYNCD_PUBLIC_STATUS lets it look.

    The public has no scope: it sees the status and does nothing. Raises as `get_caller`.
    """
    try:
        return await get_caller(site, request, scope="docs:read")
    except Unauthorized:
        if site.public_tenant is None or hdrs.AUTHORIZATION in request.headers:
            raise
    with explaining_outage():
        async with site.pool.acquire() as connection:
            tenant = await find_tenant(connection, site.public_tenant)
    if tenant is None:
        raise make_unauthorized_error()
    return Caller(
        tenant_id=tenant.tenant_id, tenant_name=tenant.name, actor="public", scopes=frozenset(), is_public=True
    )


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
    forwarded = ",".join(request.headers.getall(FORWARDED_HEADER, ()))
    return find_address(request.remote or "", forwarded, site.trusted_proxies)
