"""Statuses of commits, which only some callers may put."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.fakegithub.answers import answer_json, refuse
from tests.fakegithub.bodies import make_user
from tests.fakegithub.host import CALLER, HOST, Answering
from tests.fakegithub.repositories import HostedRepository


async def put_status(request: web.Request, repository: HostedRepository) -> web.Response:
    """Put a status beside a commit."""
    host, sha, asked = request.app[HOST], request.match_info["sha"], await request.json()
    if not request[CALLER].tells:
        return refuse(403, "Resource not accessible by personal access token")
    if await repository.find_commit(sha) is None:
        return refuse(422, f"No commit found for SHA: {sha}")
    if len(asked.get("description") or "") > 140 or asked["state"] not in {"error", "failure", "pending", "success"}:
        return refuse(422, "Validation Failed")
    told = {
        "commit": sha,
        "repository": repository.number,
        **{name: asked.get(name) for name in ("state", "description", "target_url")},
        "context": asked.get("context", "default"),
    }
    host.statuses.append(told)
    return answer_json(_describe(request, told, number=len(host.statuses)), status=201)


def _describe(request: web.Request, told: dict[str, Any], *, number: int) -> dict[str, Any]:
    api_url = request.app[HOST].api_url
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "url": f"{api_url}/repos/statuses/{told['commit']}",
        "avatar_url": None,
        "id": number,
        "node_id": f"S_{number}",
        **{name: told[name] for name in ("state", "description", "target_url", "context")},
        "created_at": at,
        "updated_at": at,
        "creator": make_user(api_url, "syncd"),
    }


ROUTES: tuple[tuple[str, str, Answering], ...] = (("POST", "/statuses/{sha}", put_status),)
