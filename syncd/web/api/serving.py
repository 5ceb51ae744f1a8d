"""From a route of the table to a handler of aiohttp: identity, limit, answer, in this order."""

import json
from hashlib import sha256

from aiohttp import hdrs, web

from syncd.adapters.postgres.outages import explaining_outage
from syncd.core.callers import Caller
from syncd.errors import BadUsage, Forbidden
from syncd.services.idempotency import OnceAnswer, do_once, make_once_request
from syncd.web.api.route import Access, Call, Reply, Route
from syncd.web.auth import SAFE_METHODS, get_caller, get_platform_key
from syncd.web.doors import Handler, name_subject, take_turn
from syncd.web.site import Site

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPEATED_HEADER = "Idempotency-Replayed"
KEY_MAX_CHARACTERS = 255


def make_handler(site: Site, route: Route) -> Handler:
    """Return what aiohttp calls for *route*."""

    async def handle(request: web.Request) -> web.StreamResponse:
        call = Call(site, route, request, await _identify(site, route, request))
        with explaining_outage():
            if route.is_done_once and IDEMPOTENCY_HEADER in request.headers:
                return await _answer_once(call)
            reply = await route.handler(call)
        response = _make_response(_make_answer(route, reply))
        if reply.prepare is not None:
            reply.prepare(response)
        return _tag(request, response) if request.method in SAFE_METHODS else response

    return handle


async def _identify(site: Site, route: Route, request: web.Request) -> Caller | None:
    match route.access:
        case Access.OPEN:
            return None
        case Access.PLATFORM:
            await take_turn(site, f"key:{await get_platform_key(site, request)}")
            return None
        case Access.TENANT:
            # Before the scope: who is refused for it over and over takes turns too.
            caller = await get_caller(site, request)
            await take_turn(site, name_subject(site, caller, request))
            caller.require_scope(route.scope)
            if route.whole_tenant and caller.project_ids is not None:
                raise Forbidden(
                    "projects_limited",
                    "This key is for some projects only, and this concerns the whole tenant.",
                    hint="Use a key that opens every project.",
                )
            return caller


async def _answer_once(call: Call) -> web.Response:
    request, caller = call.request, call.caller
    key = request.headers[IDEMPOTENCY_HEADER]
    if not (1 <= len(key) <= KEY_MAX_CHARACTERS and key.isascii() and key.isprintable()):
        raise BadUsage(
            "idempotency_key_invalid",
            f"{IDEMPOTENCY_HEADER} cannot be read.",
            hint=f"Use 1 to {KEY_MAX_CHARACTERS} printable ASCII characters, a random UUID for example.",
        )

    async def work() -> OnceAnswer:
        return _make_answer(call.route, await call.route.handler(call))

    answer = await do_once(
        call.site.pool,
        make_once_request(caller.tenant_id, caller.actor, request.method, request.path, key, body=await request.read()),
        clock=call.site.clock,
        work=work,
        keep=lambda answer: _hide(answer.text, call.route.told_once),
    )
    response = _make_response(answer)
    if answer.repeated:
        response.headers[REPEATED_HEADER] = "true"
    return response


def _hide(text: str | None, secret: str | None) -> str | None:
    """Return an answer as it is kept: a secret is told once."""
    if text is None or secret is None:
        return text
    return json.dumps({**json.loads(text), secret: None}, separators=(",", ":"), ensure_ascii=False)


def _make_answer(route: Route, reply: Reply) -> OnceAnswer:
    if reply.text is not None:
        return OnceAnswer(route.status, reply.text)
    if reply.content is None:
        return OnceAnswer(204, None)
    assert isinstance(reply.content, route.answer or ())  # noqa: S101 - the table of routes documents what is told
    return OnceAnswer(route.status, reply.content.model_dump_json())


def _make_response(answer: OnceAnswer) -> web.Response:
    if answer.text is None:
        return web.Response(status=answer.status)
    return web.Response(body=answer.text.encode(), status=answer.status, content_type="application/json")


def _tag(request: web.Request, response: web.Response) -> web.Response:
    """Put what the answer is on it, so that who has it already gets 304. Weak: compressed or not, it says the same."""
    body = response.body
    tag = sha256(body if isinstance(body, bytes) else b"").hexdigest()[:32]
    known = request.if_none_match
    if known is not None and any(one.value in {tag, "*"} for one in known):
        response = web.Response(status=304)
    response.headers[hdrs.ETAG] = f'W/"{tag}"'
    # It may be kept by who asked, and is asked about each time.
    response.headers[hdrs.CACHE_CONTROL] = "private, no-cache"
    return response
