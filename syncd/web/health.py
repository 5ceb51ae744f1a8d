"""Three questions of machines: does the process live, can it work, and what is up."""

from aiohttp import web

import syncd
from syncd.errors import Unreachable
from syncd.services.health import find_outages, list_hindrances
from syncd.web.answers import answer_error
from syncd.web.site import Site


async def show_alive(_site: Site, _request: web.Request) -> web.Response:
    """Answer as long as the loop runs. Asks nobody: a restart would not mend a server that is away."""
    return web.json_response({"status": "alive"})


async def show_ready(site: Site, request: web.Request) -> web.Response:
    """Answer 200 when Postgres, its schema and Redis are ready, else 503 with every reason."""
    hindrances = await list_hindrances(site.pool, site.redis, site.migrations)
    if not hindrances:
        return web.json_response({"status": "ready", "reasons": []})
    first = hindrances[0]
    message = " ".join(trouble.message for trouble in hindrances)
    reasons = [{"code": trouble.code, "message": trouble.message, "hint": trouble.hint} for trouble in hindrances]
    return answer_error(
        request,
        Unreachable("not_ready", message, hint=first.hint, after_seconds=5),
        more={"status": "unready", "reasons": reasons},
    )


async def show_health(site: Site, _request: web.Request) -> web.Response:
    """Answer what is up and what is down, and no more: anybody may ask."""
    outages = await find_outages(site.pool, site.redis)
    return web.json_response(
        {
            "status": "down" if outages else "up",
            "database": "down" if "database" in outages else "up",
            "redis": "down" if "redis" in outages else "up",
            "version": syncd.__version__,
            "timestamp": site.clock().isoformat(),
        },
        status=503 if outages else 200,
    )
