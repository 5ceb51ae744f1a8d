"""How two commits stand to each other. The list of changed files, which GitHub adds to the first page, is left out."""

from aiohttp import web

from tests.fakegithub.answers import answer_json, empty_repository, make_page, not_found
from tests.fakegithub.bodies import parse_commit
from tests.fakegithub.host import HOST, Route
from tests.fakegithub.repositories import HostedRepository


async def compare(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer whether the second of two commits is ahead of the first, behind it, both, or the same."""
    if await repository.is_empty():
        return empty_repository()
    names = request.match_info["basehead"].split("...")
    found = [await repository.find_commit(name) for name in names]
    if len(found) != 2 or not found[0] or not found[1]:
        return not_found()
    base, head = found[0], found[1]
    merge_base = await _find_merge_base(repository, base.sha, head.sha)
    if merge_base is None:
        return not_found()
    ahead = (await repository.objects.run("rev-list", "--reverse", f"{base.sha}..{head.sha}")).decode().split()
    behind = (await repository.objects.run("rev-list", f"{head.sha}..{base.sha}")).decode().split()
    host = request.app[HOST]
    url = f"{host.api_url}/repos/{repository.full_name}/compare/{base.sha}...{head.sha}"
    page, headers = make_page(request, ahead, url=url)
    bodies = host.bodies(repository)
    commits = [commit for sha in page if (commit := await repository.objects.find(sha))]
    ancestor = await repository.objects.find(merge_base)
    assert ancestor
    answer = {
        "url": url,
        **{f"{kind}_url": f"{url}.{kind}" for kind in ("html", "permalink", "diff", "patch")},
        "base_commit": bodies.commit(parse_commit(base)),
        "merge_base_commit": bodies.commit(parse_commit(ancestor)),
        "status": _STATUS[bool(ahead), bool(behind)],
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [bodies.commit(parse_commit(commit)) for commit in commits],
    }
    return answer_json(answer, headers=headers)


async def _find_merge_base(repository: HostedRepository, one: str, other: str) -> str | None:
    """Return the newest commit that both descend from: the boundary of what only one of them has, or one that is all of it."""
    rows = (await repository.objects.run("rev-list", "--boundary", f"{one}...{other}")).decode().split()
    return next((row[1:] for row in rows if row.startswith("-")), one if one == other else None)


_STATUS = {(False, False): "identical", (True, False): "ahead", (False, True): "behind", (True, True): "diverged"}

ROUTES: tuple[Route, ...] = ((r"/compare/{basehead:.+}", compare),)
