"""The history of a repository, and one commit by any name."""

from aiohttp import web

from tests.fakegithub.answers import answer_json, empty_repository, make_page, refuse, wants
from tests.fakegithub.bodies import parse_commit
from tests.fakegithub.host import HOST, Route
from tests.fakegithub.repositories import HostedRepository


async def get_commit(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer one commit, or with the media type `sha` nothing but its 40 digits."""
    if await repository.is_empty():
        return empty_repository()
    ref = request.match_info["ref"]
    commit = await repository.find_commit(ref)
    if commit is None:
        return refuse(422, f"No commit found for SHA: {ref}")
    if wants(request, "sha"):
        headers = {"ETag": f'"{commit.sha}"'}
        return web.Response(text=commit.sha, headers=headers, content_type="application/vnd.github.sha")
    return answer_json(request.app[HOST].bodies(repository).commit(parse_commit(commit)))


async def list_commits(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer one page of the history of `sha` (a branch or a commit), newest first."""
    if await repository.is_empty():
        return empty_repository()
    start = await repository.find_commit(request.query.get("sha", "HEAD"))
    if start is None:
        return refuse(404, "Not Found")
    host = request.app[HOST]
    history = (await repository.objects.run("rev-list", start.sha)).decode().split()
    page, headers = make_page(request, history, url=f"{host.api_url}/repositories/{repository.number}/commits")
    commits = [commit for sha in page if (commit := await repository.objects.find(sha))]
    bodies = host.bodies(repository)
    return answer_json([bodies.commit(parse_commit(commit)) for commit in commits], headers=headers)


ROUTES: tuple[Route, ...] = (("/commits", list_commits), ("/commits/{ref:.+}", get_commit))
