"""What every request goes through: an id, a deadline, one shape of error, one line in the log, headers, compression."""

import asyncio
import gzip
import logging
import re
import time
from uuid import uuid4

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from syncd.errors import SyncdError, Unreachable
from syncd.web.answers import REQUEST_ID, answer_error, get_request_id, make_error
from syncd.web.cors import answer_preflight, put_cors_headers
from syncd.web.site import Site

log = logging.getLogger("syncd.web")

REQUEST_ID_HEADER = "X-Request-ID"
DEADLINE: web.RequestKey[asyncio.Timeout] = web.RequestKey("deadline", asyncio.Timeout)
PATH_MAX_CHARACTERS = 200
COMPRESS_FROM_BYTES = 1024
COMPRESS_HERE_BYTES = (
    32 * 1024
)  # takes less than a millisecond; aiohttp goes to a thread for each, which costs the loop more
PROBES = frozenset({"/livez", "/readyz", "/healthz"})

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Every answer is of this moment and most are of one caller: nobody in between may keep it.
    hdrs.CACHE_CONTROL: "no-store",
    hdrs.VARY: hdrs.ACCEPT_ENCODING,
}

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_GZIP = re.compile(r"(?i)(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q\s*=\s*(?P<weight>[0-9.]{1,5})\s*)?(?=,|$)")


def make_middleware(site: Site) -> Middleware:
    """Return the one middleware of the endpoint."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.monotonic()
        request[REQUEST_ID] = choose_request_id(request.headers.get(REQUEST_ID_HEADER))
        response = answer_preflight(site, request) or await _answer(site, request, handler)
        put_cors_headers(site, request, response)
        compress(request, response)
        log.log(
            logging.DEBUG if request.path in PROBES else logging.INFO,
            "request",
            extra={
                "request_id": request[REQUEST_ID],
                "method": request.method,
                "path": request.path[:PATH_MAX_CHARACTERS],
                "status": response.status,
                "milliseconds": round((time.monotonic() - started) * 1000, 1),
            },
        )
        return response

    return answer


async def _answer(site: Site, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        async with asyncio.timeout(site.request_seconds) as deadline:
            request[DEADLINE] = deadline
            return await handler(request)
    except web.HTTPException as error:
        return _answer_http(request, error)
    except SyncdError as error:
        return answer_error(request, error, details={"code": error.code} if site.shows_details else None)
    except Exception as error:
        if isinstance(error, TimeoutError) and deadline.expired():
            late = f"The answer took longer than {site.request_seconds:g} seconds."
            return answer_error(request, Unreachable("deadline_exceeded", late, hint="Try again.", after_seconds=5))
        log.exception("request failed unexpectedly", extra={"request_id": request[REQUEST_ID], "path": request.path})
        details = {"exception": type(error).__name__} if site.shows_details else None
        hint = "Tell the operator the requestId; the log has the details."
        return make_error(request, 500, "Something failed unexpectedly.", hint=hint, details=details)


def _answer_http(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    """Return what aiohttp refuses in our envelope, with the headers that belong to the refusal."""
    match error.status:
        case 404:
            message, hint = "There is nothing at this path.", "GET /api/v1 lists the endpoints."
        case 405:
            allowed = error.headers.get(hdrs.ALLOW, "")
            message, hint = f"{request.method[:20]} is not answered here.", f"This path answers {allowed}."
        case 413:
            message, hint = "The body of the request is too large.", "Send less."
        case _:
            message, hint = f"{error.reason}.", ""
    response = make_error(request, error.status, message, hint=hint)
    for name in (hdrs.ALLOW, hdrs.LOCATION, hdrs.RETRY_AFTER):
        if name in error.headers:
            response.headers[name] = error.headers[name]
    return response


async def put_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Put what every response carries, also one that no middleware has seen (aiohttp's signal `on_response_prepare`)."""
    response.headers[REQUEST_ID_HEADER] = get_request_id(request)
    response.headers[hdrs.SERVER] = "syncd"  # aiohttp would name itself and its version
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)


def choose_request_id(given: str | None) -> str:
    """Return the caller's id where it is sane, so that its logs and ours can be joined; else a new one."""
    return given if given is not None and _SANE_REQUEST_ID.fullmatch(given) else uuid4().hex


def accepts_gzip(request: web.BaseRequest) -> bool:
    """Return whether who asks takes gzip."""
    # aiohttp looks for a name anywhere in the header and so would compress for `gzip;q=0`.
    accepted = _GZIP.search(request.headers.get(hdrs.ACCEPT_ENCODING, ""))
    return accepted is not None and accepted["weight"] not in {"0", "0.0", "0.00", "0.000"}


def compress(request: web.Request, response: web.StreamResponse) -> None:
    """Compress a body that is worth it, for who accepts gzip."""
    if not isinstance(response, web.Response) or (response.content_length or 0) < COMPRESS_FROM_BYTES:
        return
    if not accepts_gzip(request) or hdrs.CONTENT_ENCODING in response.headers:
        return
    if isinstance(response.body, bytes) and len(response.body) <= COMPRESS_HERE_BYTES:
        response.body = gzip.compress(response.body, compresslevel=6, mtime=0)
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
    else:
        response.enable_compression(web.ContentCoding.gzip)
