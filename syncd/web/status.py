"""The status: a page for browsers, JSON for everybody else."""

from dataclasses import replace

from aiohttp import hdrs, web

from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.projects import find_project
from syncd.adapters.postgres.transactions import reading
from syncd.core.callers import Caller
from syncd.core.projects import Project
from syncd.services.freezing import list_history_of
from syncd.services.project_status import EVENTS_SHOWN, describe_project_status
from syncd.services.projects import make_project_not_found
from syncd.services.status import Status, get_status
from syncd.services.status_document import describe_projects, make_status_document
from syncd.web.doors import let_in
from syncd.web.site import Site


async def show_status(site: Site, request: web.Request) -> web.StreamResponse:
    """Answer the page to who accepts HTML, and else how the caller's projects stand; without Redis the locks are null.

    The page has no word of anybody's: what it shows it asks for as whoever signs in.
    """
    if wants_page(request):
        return site.assets.answer_page()
    caller = await let_in(site, request)
    return vary(web.json_response(make_status_document(await _look(site, caller), github_url=site.github_url)))


async def show_project(site: Site, request: web.Request) -> web.StreamResponse:
    """Answer the same for one project: with its runs, its lock's history, what it skips or only half reads, and how fresh it was."""
    if wants_page(request):
        return site.assets.answer_page()
    caller = await let_in(site, request)
    name = request.match_info["project"]
    found = await _find_project(site, caller, name)
    status = await _look(site, replace(caller, project_ids=frozenset((found.project_id,))))
    cursor = request.query.get("events")
    events = await list_history_of(site.pool, caller.tenant_id, found.project_id, cursor=cursor, limit=EVENTS_SHOWN)
    detail = await describe_project_status(
        site.pool,
        found,
        events,
        skipped_cursor=request.query.get("skipped", ""),
        plain_cursor=request.query.get("plain", ""),
    )
    described = describe_projects(status, github_url=site.github_url)
    if not described:
        raise make_project_not_found(name)  # it was removed meanwhile
    return vary(web.json_response({"project": described[0], **detail}))


async def show_page(site: Site, _request: web.Request) -> web.StreamResponse:
    """Answer the page to anybody: where sign-in links lead."""
    return site.assets.answer_page()


async def show_asset(site: Site, request: web.Request) -> web.StreamResponse:
    """Answer a file of the page."""
    return site.assets.answer_file(request)


def wants_page(request: web.Request) -> bool:
    """Return whether a browser asks: programs that take anything are given JSON."""
    return "text/html" in request.headers.get(hdrs.ACCEPT, "").lower()


def vary(response: web.Response) -> web.Response:
    """Say that the answer depends on what is accepted."""
    response.headers[hdrs.VARY] = f"{hdrs.ACCEPT}, {hdrs.ACCEPT_ENCODING}"
    return response


async def _find_project(site: Site, caller: Caller, name: str) -> Project:
    with explaining_outage():
        async with reading(site.pool, caller.tenant_id) as connection:
            project = await find_project(connection, name)
    if project is None or not caller.sees(project.project_id):
        raise make_project_not_found(name)
    return project


async def _look(site: Site, caller: Caller) -> Status:
    return await get_status(
        site.pool,
        site.redis,
        caller.tenant_id,
        project_ids=caller.project_ids,
        now=site.clock(),
        own=site.budgets,
        lease_seconds=site.lease_seconds,
    )
