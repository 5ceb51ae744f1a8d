"""Archives: a redirect to another host, which packs a commit with `git archive`."""

from aiohttp import web

from tests.fakegithub.host import HOST, Route
from tests.fakegithub.repositories import HostedRepository

_CODELOAD = "/_codeload/"
CODELOAD_PATH = _CODELOAD + "{owner}/{name}/legacy.tar.gz/{ref:.+}"


def is_codeload(request: web.Request) -> bool:
    """Return whether *request* is for the other host, which the fake has under a path of its own."""
    return request.path.startswith(_CODELOAD)


def is_archive_route(request: web.Request) -> bool:
    """Return whether *request* is for the redirect to an archive."""
    return "/tarball/" in request.path


async def redirect_to_archive(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer where the archive is, whether there is such a commit or not. The link to a private one holds a secret."""
    host = request.app[HOST]
    url = f"{host.api_url}{_CODELOAD}{repository.full_name}/legacy.tar.gz/{request.match_info['ref']}"
    if repository.private:
        url += f"?token={host.add_archive_link()}"
    return web.Response(status=302, headers={"Location": url})


async def get_archive(request: web.Request) -> web.Response:
    """Answer the archive itself, which obeys .gitattributes; a private one to the first who comes with its secret."""
    host, place = request.app[HOST], request.match_info
    repository = host.repositories.find_by_name(f"{place['owner']}/{place['name']}")
    commit = await repository.find_commit(place["ref"]) if repository else None
    if repository is None or commit is None:
        return web.Response(status=404, text="404: Not Found")
    if repository.private:
        secret = request.query.get("token", "")
        if secret not in host.archive_links:
            return web.Response(status=404, text="404: Not Found")
        host.archive_links.remove(secret)
    prefix = f"{place['owner']}-{place['name']}-{commit.sha[:7]}/"
    packed = await repository.objects.run("archive", "--format=tar.gz", f"--prefix={prefix}", commit.sha)
    return web.Response(body=packed, content_type="application/x-gzip")


ROUTES: tuple[Route, ...] = (("/tarball/{ref:.+}", redirect_to_archive),)
