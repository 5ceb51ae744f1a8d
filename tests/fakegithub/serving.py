"""What GitHub does around every answer: who asks, how many are left, ETags, headers; and what the fake adds: faults, log."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from itertools import count

from aiohttp import web
from aiohttp.typedefs import Middleware

from tests.fakegithub.answers import not_found, refuse
from tests.fakegithub.callers import POINT_LIMIT, Caller
from tests.fakegithub.faults import Answer, Faults, apply_effect
from tests.fakegithub.host import CALLER, Host
from tests.fakegithub.routes.apps import is_app_route
from tests.fakegithub.routes.archives import is_archive_route, is_codeload
from tests.fakegithub.routes.graphql import PATH as GRAPHQL_PATH
from tests.fakegithub.routes.rates import PATH as RATE_LIMIT_PATH

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request that arrived. *conditional* tells whether it carried If-None-Match."""

    method: str
    path: str
    query: str
    status: int
    conditional: bool
    accept: str
    authorized: bool


def make_middleware(host: Host, faults: Faults, requests: list[LoggedRequest]) -> Middleware:
    """Return the one middleware of the fake, which writes what it served to *requests*."""
    numbers = count(0xF00D)

    @web.middleware
    async def serve(request: web.Request, handler: _Handler) -> web.StreamResponse:
        caller = host.callers.find(request.headers.get("Authorization"))
        effect = faults.find(request.path_qs)
        if isinstance(effect, Answer):
            honest = web.Response()
        else:
            honest = await _answer(request, handler, caller=caller or host.callers.anonymous, known=caller is not None)
        if request.method == "GET" and honest.status < 300:
            honest = _if_changed(request, honest, caller or host.callers.anonymous)
        response = honest if effect is None else await apply_effect(effect, request, honest)
        _count(request, caller or host.callers.anonymous, response.status)
        if not response.prepared:
            for name, value in _headers(request, caller or host.callers.anonymous, next(numbers)).items():
                response.headers.setdefault(name, value)
        requests.append(_logged(request, response.status))
        return response

    return serve


async def _answer(request: web.Request, handler: _Handler, *, caller: Caller, known: bool) -> web.Response:
    if not known:
        return refuse(401, "Bad credentials")
    if caller.app != is_app_route(request):
        return refuse(401, "A JSON web token could not be decoded" if is_app_route(request) else "Bad credentials")
    if caller.remaining == 0 and not (request.path in {RATE_LIMIT_PATH, GRAPHQL_PATH} or is_codeload(request)):
        return refuse(403, f"API rate limit exceeded for {caller.name}.")
    request[CALLER] = caller
    try:
        response = await handler(request)
    except web.HTTPNotFound:
        return not_found()
    assert isinstance(response, web.Response)
    return response


def _if_changed(request: web.Request, response: web.Response, caller: Caller) -> web.Response:
    body = response.body if isinstance(response.body, bytes) else b""
    # GitHub's ETags differ from token to token; only the one of the media type `sha` is said to be the SHA itself.
    etag = response.headers.setdefault("ETag", f'W/"{sha256(caller.name.encode() + body).hexdigest()}"')
    asked = [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]
    return web.Response(status=304, headers={"ETag": etag}) if etag in asked else response


def _count(request: web.Request, caller: Caller, status: int) -> None:
    if request.path == GRAPHQL_PATH:
        caller.points_used += 1
        return
    # Recorded twice (octokit/fixtures, hub4j/github-api): the redirect to an archive takes nothing from the budget.
    is_redirect = is_archive_route(request) and status == 302
    free = is_redirect or is_codeload(request) or request.path == RATE_LIMIT_PATH
    if not free and not (status == 304 and caller.authenticated) and caller.remaining:
        caller.used += 1


def _headers(request: web.Request, caller: Caller, number: int) -> dict[str, str]:
    if is_codeload(request):
        return {}  # another host, which knows no budget
    is_graphql = request.path == GRAPHQL_PATH
    told = {"X-OAuth-Scopes": caller.scopes, "GitHub-Authentication-Token-Expiration": caller.expires}
    return {
        **{name: value for name, value in told.items() if value},
        "X-RateLimit-Limit": str(POINT_LIMIT if is_graphql else caller.limit),
        "X-RateLimit-Remaining": str(caller.points_left if is_graphql else caller.remaining),
        "X-RateLimit-Reset": str(caller.reset_at),
        "X-RateLimit-Used": str(caller.points_used if is_graphql else caller.used),
        "X-RateLimit-Resource": "graphql" if is_graphql else "core",
        "X-GitHub-Request-Id": f"{number:X}:FAKE",
        "X-GitHub-Media-Type": "github.v3; format=json",
    }


def _logged(request: web.Request, status: int) -> LoggedRequest:
    return LoggedRequest(
        method=request.method,
        path=request.path,
        query=request.query_string,
        status=status,
        conditional="If-None-Match" in request.headers,
        accept=request.headers.get("Accept", ""),
        authorized="Authorization" in request.headers,
    )
