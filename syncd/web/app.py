"""The endpoint's table of contents: every route, and who may call it."""

from aiohttp import hdrs, web

import syncd
from syncd.core.callers import Caller
from syncd.services.users import SIGN_IN_PATH
from syncd.web.api.openapi import make_openapi
from syncd.web.api.route import Route
from syncd.web.api.routes import ROUTES
from syncd.web.api.serving import make_handler
from syncd.web.doors import identified, opened, viewed
from syncd.web.events import end_events, follow_events
from syncd.web.health import show_alive, show_health, show_ready
from syncd.web.metrics import show_metrics
from syncd.web.middlewares import make_middleware, put_headers
from syncd.web.setup import complete
from syncd.web.site import Site
from syncd.web.status import show_asset, show_page, show_project, show_status
from syncd.web.webhooks import take_delivery

BODY_MAX_BYTES = 1024 * 1024


def make_app(site: Site) -> web.Application:
    """Return the application of *site*."""
    app = web.Application(middlewares=[make_middleware(site)], client_max_size=BODY_MAX_BYTES)
    app.on_response_prepare.append(put_headers)
    app.on_shutdown.append(end_events(site))
    app.add_routes(list_routes(site))
    return app


def list_routes(site: Site) -> list[web.RouteDef]:
    """Return the routes. Only what a machine must ask before it has a key is open, and what is signed."""
    return [
        web.get("/livez", opened(site, show_alive)),
        web.get("/readyz", opened(site, show_ready)),
        web.get("/healthz", opened(site, show_health)),
        web.post("/webhooks/github", opened(site, take_delivery)),
        web.get("/github/setup", opened(site, complete)),
        web.get("/status", opened(site, show_status)),
        web.get("/status/{project}", opened(site, show_project)),
        web.get(SIGN_IN_PATH, opened(site, show_page)),
        web.get("/static/{mark}/{name}", opened(site, show_asset)),
        web.get("/metrics", opened(site, show_metrics)),
        web.get("/events", viewed(site, follow_events)),
        web.get("/api/v1", identified(site, show_contents)),
        web.get("/api/v1/openapi.json", identified(site, show_openapi)),
        *(_serve(site, route) for route in ROUTES),
    ]


async def show_contents(site: Site, _caller: Caller, _request: web.Request) -> web.Response:
    """Answer what this is and what can be asked."""
    endpoints = [{"method": route.method, "path": route.path} for route in list_routes(site)]
    return web.json_response({"name": "syncd", "version": syncd.__version__, "endpoints": endpoints})


async def show_openapi(_site: Site, _caller: Caller, _request: web.Request) -> web.Response:
    """Answer what REST takes and answers, for machines."""
    return web.json_response(make_openapi(ROUTES))


def _serve(site: Site, route: Route) -> web.RouteDef:
    handler = make_handler(site, route)
    # What can be read can be asked for its headers alone.
    return (
        web.get(route.path, handler) if route.method == hdrs.METH_GET else web.route(route.method, route.path, handler)
    )
