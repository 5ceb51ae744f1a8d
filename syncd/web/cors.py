"""Pages of other sites that may call REST: only those of SYNCD_CORS_ORIGINS, only with a key, never by cookie."""

from aiohttp import hdrs, web

from syncd.web.site import Site

API_PATHS = "/api/"
_METHODS = "GET, POST, PUT, PATCH, DELETE"
_ASKED_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID, X-Tenant-ID"
_TOLD_HEADERS = "ETag, Idempotency-Replayed, Retry-After, X-Request-ID"
_REMEMBERED_SECONDS = "600"


def find_allowed_origin(site: Site, request: web.BaseRequest) -> str | None:
    """Return the origin of a page that may call REST, or none."""
    origin = request.headers.get(hdrs.ORIGIN)
    return origin if origin in site.rest.cors_origins and request.path.startswith(API_PATHS) else None


def answer_preflight(site: Site, request: web.BaseRequest) -> web.Response | None:
    """Return the answer to a browser that asks whether a page may call, or none where it is no such question or it may not."""
    if request.method != hdrs.METH_OPTIONS or hdrs.ACCESS_CONTROL_REQUEST_METHOD not in request.headers:
        return None
    if find_allowed_origin(site, request) is None:
        return None
    named = {
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: _METHODS,
        hdrs.ACCESS_CONTROL_ALLOW_HEADERS: _ASKED_HEADERS,
        hdrs.ACCESS_CONTROL_MAX_AGE: _REMEMBERED_SECONDS,
    }
    return web.Response(status=204, headers=named)


def put_cors_headers(site: Site, request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Let the page of an allowed origin read the answer. Credentials are not allowed: cookies stay our own pages' business."""
    origin = find_allowed_origin(site, request)
    if origin is None:
        return
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _TOLD_HEADERS
    response.headers[hdrs.VARY] = f"{hdrs.ACCEPT_ENCODING}, {hdrs.ORIGIN}"
