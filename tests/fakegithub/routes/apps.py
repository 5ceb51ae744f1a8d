"""What an App asks as itself: who it is, where it is installed, and tokens of its installations."""

import json
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.fakegithub.answers import answer_json, not_found, refuse
from tests.fakegithub.apps import App, AppInstallation
from tests.fakegithub.bodies import make_user
from tests.fakegithub.host import CALLER, HOST, Route
from tests.fakegithub.repositories import HostedRepository

APP_PATH = "/app"
INSTALLATION_PATH = r"/app/installations/{installation:\d+}"
TOKENS_PATH = INSTALLATION_PATH + "/access_tokens"
_MADE_AT = "2026-01-02T03:04:05Z"


async def get_app(request: web.Request) -> web.Response:
    """Answer the App that asks."""
    app = _get_app(request)
    body = {
        "id": app.number,
        "slug": app.slug,
        "node_id": "A_1",
        "owner": _user(request, "owner"),
        "name": app.slug,
        "description": None,
        "external_url": "https://example.com",
        "html_url": f"https://github.com/apps/{app.slug}",
        "created_at": _MADE_AT,
        "updated_at": _MADE_AT,
        "permissions": app.permissions,
        "events": ["push"],
    }
    return answer_json(body)


async def get_installation(request: web.Request) -> web.Response:
    """Answer one installation of the App that asks."""
    app = _get_app(request)
    installation = app.installations.get(int(request.match_info["installation"]))
    return not_found() if installation is None else answer_json(_describe(request, app, installation))


async def get_repository_installation(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer the installation that sees the repository."""
    app = _get_app(request)
    for installation in app.installations.values():
        if repository in installation.repositories:
            return answer_json(_describe(request, app, installation))
    return not_found()


async def add_token(request: web.Request) -> web.Response:
    """Mint a token, for the repositories and permissions of the body or for all that the installation has."""
    app = _get_app(request)
    installation = app.installations.get(int(request.match_info["installation"]))
    if installation is None:
        return not_found()
    if installation.suspended:
        return refuse(403, "This installation has been suspended")
    asked = json.loads(await request.read() or b"{}")
    repositories = _choose(installation, asked)
    permissions = asked.get("permissions", app.permissions)
    if repositories is None or not permissions.items() <= app.permissions.items():
        return refuse(422, "There is at least one repository or permission that does not exist or is not accessible.")
    minted = app.mint(installation, repositories, permissions)
    host = request.app[HOST]
    body: dict[str, Any] = {
        "token": minted.token,
        "expires_at": datetime.fromtimestamp(minted.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "permissions": dict(permissions),
        "repository_selection": "selected" if asked.keys() & {"repository_ids", "repositories"} else "all",
    }
    if body["repository_selection"] == "selected":
        body["repositories"] = [host.bodies(one).repository() | {"has_downloads": True} for one in repositories]
    return answer_json(body, status=201)


def _choose(installation: AppInstallation, asked: dict[str, Any]) -> list[HostedRepository] | None:
    if "repository_ids" in asked:
        found = [one for one in installation.repositories if one.number in asked["repository_ids"]]
        return found if len(found) == len(asked["repository_ids"]) else None
    if "repositories" in asked:
        wanted = [name.lower() for name in asked["repositories"]]
        found = [one for one in installation.repositories if one.full_name.lower().partition("/")[2] in wanted]
        return found if len(found) == len(wanted) else None
    return list(installation.repositories)


def _get_app(request: web.Request) -> App:
    app = request.app[HOST].apps.find(request[CALLER])
    assert app is not None, "the middleware lets nobody but Apps come here"
    return app


def _describe(request: web.Request, app: App, installation: AppInstallation) -> dict[str, object]:
    url = f"{request.app[HOST].api_url}/app/installations/{installation.number}"
    return {
        "id": installation.number,
        "account": _user(request, installation.account),
        "repository_selection": "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{request.app[HOST].api_url}/installation/repositories",
        "html_url": f"https://github.com/settings/installations/{installation.number}",
        "app_id": app.number,
        "app_slug": app.slug,
        "target_id": 1,
        "target_type": "Organization",
        "permissions": app.permissions,
        "events": ["push"],
        "created_at": _MADE_AT,
        "updated_at": _MADE_AT,
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": _MADE_AT if installation.suspended else None,
    }


def _user(request: web.Request, login: str) -> dict[str, object]:
    return make_user(request.app[HOST].api_url, login)


def is_app_route(request: web.Request) -> bool:
    """Return whether only an App itself may ask this."""
    return request.path == APP_PATH or request.path.startswith("/app/") or request.path.endswith("/installation")


ROUTES: tuple[Route, ...] = (("/installation", get_repository_installation),)
