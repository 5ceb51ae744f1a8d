"""From a route of the table to a handler of aiohttp: identity first, then the answer in its shape."""

from aiohttp import hdrs, web

from syncd.adapters.postgres.outages import explaining_outage
from syncd.web.api.route import Access, Call, Reply, Route
from syncd.web.auth import Handler, get_caller
from syncd.web.site import Site


def make_handler(site: Site, route: Route) -> Handler:
    """Return what aiohttp calls for *route*."""

    async def handle(request: web.Request) -> web.StreamResponse:
        asker = None if route.access is Access.OPEN else await get_caller(site, request, scope=route.scope)
        with explaining_outage():
            reply = await route.handler(Call(site, route, request, asker))
        return make_response(route, reply)

    return handle


def make_response(route: Route, reply: Reply) -> web.Response:
    """Return *reply* as the route answers: JSON of its model, or nothing."""
    if reply.content is None:
        response = web.Response(status=204)
    else:
        assert isinstance(reply.content, route.answer or ())  # noqa: S101 - the table of routes documents what is told
        response = web.Response(
            body=reply.content.model_dump_json(by_alias=True).encode(),
            status=route.status,
            content_type="application/json",
        )
    if reply.prepare is not None:
        reply.prepare(response)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    return response
