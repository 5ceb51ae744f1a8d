"""The shape of every answer: documents as they are, errors in one envelope."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import uuid4

from aiohttp import hdrs, web

from syncd.errors import BadUsage, Busy, Forbidden, NotFound, RateLimited, Rejected, RetryLater, SyncdError

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)

MISSING_TENANT = "MISSING_TENANT"
INTERNAL_ERROR = "INTERNAL_ERROR"
BAD_REQUEST = "BAD_REQUEST"
_CODES_BY_STATUS = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    417: "EXPECTATION_FAILED",
    423: "LOCKED",
    429: "RATE_LIMITED",
    503: "UNAVAILABLE",
}


class Unauthorized(Rejected):
    """The caller has not said who it is, or not so that it can be believed."""


class MissingTenant(BadUsage):
    """A platform key was sent without the tenant to act for."""


_STATUS_BY_FAMILY: Sequence[tuple[type[SyncdError], int]] = (
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (BadUsage, 400),
    (Busy, 423),
    (RateLimited, 429),
    (RetryLater, 503),
)


def list_codes() -> list[str]:
    """Return every code that an answer may carry."""
    return sorted({*_CODES_BY_STATUS.values(), MISSING_TENANT, INTERNAL_ERROR, BAD_REQUEST})


def make_unauthorized_error() -> Unauthorized:
    """Return the one answer to no key, a malformed, an unknown, a revoked and an expired one: they look the same."""
    return Unauthorized(
        "unauthorized",
        "This needs an API key that is valid.",
        hint="Send `Authorization: Bearer syncd_...`; `syncd key add` makes a key.",
    )


def get_request_id(request: web.BaseRequest) -> str:
    """Return the id of *request*; one that the middleware has not seen gets its id here."""
    if REQUEST_ID not in request:
        request[REQUEST_ID] = uuid4().hex
    return request[REQUEST_ID]


def answer_error(
    request: web.BaseRequest, error: SyncdError, *, details: object = None, more: Mapping[str, object] | None = None
) -> web.Response:
    """Return *error* in the envelope, with the status that its class means; *more* stands beside the error."""
    status = find_status(error)
    code = MISSING_TENANT if isinstance(error, MissingTenant) else None
    response = make_error(request, status, error.message, code=code, hint=error.hint, details=details, more=more)
    if isinstance(error, RetryLater):
        response.headers[hdrs.RETRY_AFTER] = str(max(1, math.ceil(error.after_seconds)))
    if isinstance(error, Unauthorized):
        response.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="syncd"'
    return response


def find_status(error: SyncdError) -> int:
    """Return the HTTP status of a family of errors."""
    return next((status for family, status in _STATUS_BY_FAMILY if isinstance(error, family)), 409)


def make_error(
    request: web.BaseRequest,
    status: int,
    message: str,
    *,
    code: str | None = None,
    hint: str = "",
    details: object = None,
    more: Mapping[str, object] | None = None,
) -> web.Response:
    """Return the envelope of an error; *code* where the status does not say it."""
    fallback = INTERNAL_ERROR if status >= 500 else BAD_REQUEST
    said = code or _CODES_BY_STATUS.get(status, fallback)
    error: dict[str, object] = {"code": said, "message": message, "hint": hint}
    if details is not None:
        error["details"] = details
    # The wall clock and not the site's: an error may be older than the site's parts.
    meta = {"timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"), "requestId": get_request_id(request)}
    return web.json_response({"success": False, "error": error, **(more or {}), "meta": meta}, status=status)
