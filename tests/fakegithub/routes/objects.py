"""The git database: commits, trees and blobs by SHA."""

import re

from aiohttp import web

from tests.fakegithub.answers import answer_json, empty_repository, not_found, refuse, wants
from tests.fakegithub.bodies import parse_commit
from tests.fakegithub.host import HOST, Route
from tests.fakegithub.objects import GitObject
from tests.fakegithub.repositories import HostedRepository

_SHA = re.compile("[0-9a-f]{40}")


async def get_git_commit(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer a commit object."""
    found = await _find(request, repository, kind="commit")
    if isinstance(found, web.Response):
        return found
    return answer_json(request.app[HOST].bodies(repository).git_commit(parse_commit(found)))


async def get_blob(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer a blob: its bytes for the media type `raw`, else JSON in base64."""
    found = await _find(request, repository, kind="blob")
    if isinstance(found, web.Response):
        return found
    if wants(request, "raw"):
        headers = {"Content-Type": "application/vnd.github.raw+json; charset=utf-8"}
        return web.Response(body=found.content, headers=headers)
    return answer_json(request.app[HOST].bodies(repository).blob(found))


async def get_tree(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer a listing of a tree, named by its own SHA, by a commit or by a branch."""
    if await repository.is_empty():
        return empty_repository()
    name = request.match_info["tree"]
    asked = await repository.objects.find(name) if _SHA.fullmatch(name) else None
    asked = asked or await repository.find_commit(name)
    tree = asked and await repository.objects.find(f"{asked.sha}^{{tree}}")
    if not asked or not tree:
        return not_found()
    host = request.app[HOST]
    # Any value of `recursive` means yes, even 0: so GitHub's documentation says.
    rows = await repository.objects.list_tree(tree.sha, recursive="recursive" in request.query)
    return answer_json(host.bodies(repository).tree(asked.sha, rows, entry_limit=host.tree_entry_limit))


async def _find(request: web.Request, repository: HostedRepository, *, kind: str) -> GitObject | web.Response:
    if await repository.is_empty():
        return empty_repository()
    sha = request.match_info["sha"]
    if not _SHA.fullmatch(sha):
        return refuse(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    found = await repository.objects.find(sha)
    return found if found and found.kind == kind else not_found()


ROUTES: tuple[Route, ...] = (
    ("/git/commits/{sha}", get_git_commit),
    ("/git/trees/{tree:.+}", get_tree),
    ("/git/blobs/{sha}", get_blob),
)
