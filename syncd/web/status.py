"""The status of the caller's projects, as JSON."""

from aiohttp import web

from syncd.core.callers import Caller
from syncd.services.status import get_status
from syncd.services.status_document import make_status_document
from syncd.web.site import Site


async def show_status(site: Site, caller: Caller, _request: web.Request) -> web.Response:
    """Answer how the projects stand that the key opens. Any key of the tenant may ask; without Redis the locks are null."""
    status = await get_status(
        site.pool,
        site.redis,
        caller.tenant_id,
        project_ids=caller.project_ids,
        now=site.clock(),
        own=site.budgets,
    )
    return web.json_response(make_status_document(status, github_url=site.github_url))
