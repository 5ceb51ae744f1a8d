"""Branches and references."""

from aiohttp import web

from tests.fakegithub.answers import answer_json, empty_repository, make_page, not_found, refuse
from tests.fakegithub.bodies import parse_commit
from tests.fakegithub.host import HOST, Route
from tests.fakegithub.repositories import HostedRepository


async def list_branches(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer one page of the branches."""
    host = request.app[HOST]
    url = f"{host.api_url}/repositories/{repository.number}/branches"
    page, headers = make_page(request, await repository.list_branches(), url=url)
    bodies = host.bodies(repository)
    return answer_json([bodies.short_branch(name, sha) for name, sha in page], headers=headers)


async def get_branch(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer one branch."""
    name = request.match_info["branch"]
    commit = await repository.objects.find(f"refs/heads/{name}")
    if commit is None:
        return refuse(404, "Branch not found")
    return answer_json(request.app[HOST].bodies(repository).branch(name, parse_commit(commit)))


async def get_ref(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer one reference, named as `heads/...` or `tags/...`."""
    if await repository.is_empty():
        return empty_repository()
    name = request.match_info["ref"]
    target = await repository.objects.find(f"refs/{name}")
    if target is None:
        return not_found()
    return answer_json(request.app[HOST].bodies(repository).ref(name, target))


ROUTES: tuple[Route, ...] = (
    ("/branches", list_branches),
    ("/branches/{branch:.+}", get_branch),
    ("/git/ref/{ref:.+}", get_ref),
)
