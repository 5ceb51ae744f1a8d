"""A repository by its name or by its number; a former name redirects to the number."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.fakegithub.answers import answer_json, not_found
from tests.fakegithub.host import CALLER, HOST, Answering, Route
from tests.fakegithub.repositories import HostedRepository

Handler = Callable[[web.Request], Awaitable[web.Response]]


async def get_repository(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer the description of the repository."""
    return answer_json(request.app[HOST].bodies(repository).repository())


def under_repository(answering: Answering) -> Handler:
    """Return a handler that finds the repository of a route, or answers why the caller does not get it."""

    async def handle(request: web.Request) -> web.Response:
        host, place = request.app[HOST], request.match_info
        if "number" in place:
            repository = host.repositories.find_by_number(int(place["number"]))
        else:
            repository = host.repositories.find_by_name(f"{place['owner']}/{place['name']}")
        if repository is None or (repository.private and not request[CALLER].may_read(repository.full_name)):
            return not_found()
        if "owner" in place and f"{place['owner']}/{place['name']}".lower() != repository.full_name.lower():
            return _moved(request, repository)
        return await answering(request, repository)

    return handle


def _moved(request: web.Request, repository: HostedRepository) -> web.Response:
    # /repos/{owner}/{name} are the first three parts; what follows, and the query, GitHub keeps.
    rest = "/".join(request.rel_url.raw_path.split("/")[4:])
    url = f"{request.app[HOST].api_url}/repositories/{repository.number}{'/' * bool(rest)}{rest}"
    if request.query_string:
        url += f"?{request.rel_url.raw_query_string}"
    body = {"message": "Moved Permanently", "url": url, "documentation_url": "https://docs.github.com/rest"}
    return answer_json(body, status=301, headers={"Location": url})


ROUTES: tuple[Route, ...] = (("", get_repository),)
