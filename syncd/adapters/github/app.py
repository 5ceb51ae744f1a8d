"""A GitHub App: finds the installation of a repository, and mints tokens that read one repository and nothing else."""

import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlsplit

import aiohttp
from pydantic import AwareDatetime, BaseModel
from yarl import URL

from syncd.adapters.github.addresses import check_api_url, find_proxy
from syncd.adapters.github.app_key import AppKey
from syncd.adapters.github.errors import make_error, make_unreachable_error
from syncd.adapters.github.repositories import parse_repository_name
from syncd.adapters.github.responses import Response, parse_body
from syncd.adapters.github.spending import ask_within
from syncd.core.budgets import Budget
from syncd.core.rates import CORE, find_sent_at
from syncd.errors import Stalled

READING = {"contents": "read", "metadata": "read"}
TELLING = {"statuses": "write", "metadata": "read"}
_TIMEOUT_SECONDS = 15.0
_MOVED_TO = re.compile(r"/repositories/(\d+)/installation$")


@dataclass(frozen=True, slots=True)
class Installation:
    """The App at one account. *suspended*: its tokens are refused until somebody lifts that."""

    installation_id: int
    account: str
    suspended: bool


@dataclass(frozen=True, slots=True)
class InstallationToken:
    """A token that reads *repository_ids*, for *lifetime_seconds* from when it came."""

    token: str = field(repr=False)
    lifetime_seconds: float
    repository_ids: Sequence[int]


class _Account(BaseModel):
    login: str = ""


class _InstallationAnswer(BaseModel):
    id: int
    account: _Account | None
    suspended_at: AwareDatetime | None


class _TokenRepository(BaseModel):
    id: int


class _TokenAnswer(BaseModel):
    token: str
    expires_at: AwareDatetime
    repositories: list[_TokenRepository] = []


class _AppAnswer(BaseModel):
    html_url: str


class GitHubApp:
    """Asks GitHub as the App itself. Its key signs each request anew and goes nowhere."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str, key: AppKey, budget: Budget | None) -> None:
        self._session = session
        self._api_url = api_url
        self._key = key
        self._budget = budget

    async def get_page_url(self) -> str:
        """Return the address of the App's page, below which it is installed. Raises as `make_error` says."""
        return parse_body(_AppAnswer, self._check(await self._ask("GET", "/app"))).html_url

    async def find_installation(self, installation_id: int) -> Installation | None:
        """Return the installation with this id, or none that is the App's."""
        return self._parse(await self._ask("GET", f"/app/installations/{installation_id}"))

    async def find_installation_of(self, repository: int | str) -> Installation | None:
        """Return the installation that sees *repository* (its number, or owner/name), or none."""
        place = (
            f"repositories/{repository}"
            if isinstance(repository, int)
            else f"repos/{parse_repository_name(repository)}"
        )
        response = await self._ask("GET", f"/{place}/installation")
        if response.status == HTTPStatus.MOVED_PERMANENTLY:
            moved_to = _MOVED_TO.search(urlsplit(response.headers.get("location", "")).path)
            if moved_to:
                response = await self._ask("GET", f"/repositories/{moved_to[1]}/installation")
        return self._parse(response)

    async def mint_token(
        self, installation_id: int, *, repository: int | str, permissions: Mapping[str, str] = READING
    ) -> InstallationToken:
        """Return a fresh token for one repository (its number, or owner/name) and for *permissions* alone.

        Stalled (installation_refused) where the installation is gone, suspended, or does not see the repository.
        """
        named: dict[str, object] = (
            {"repository_ids": [repository]}
            if isinstance(repository, int)
            else {"repositories": [repository.rpartition("/")[2]]}
        )
        path = f"/app/installations/{installation_id}/access_tokens"
        response = await self._ask("POST", path, body={**named, "permissions": dict(permissions)})
        if response.status in {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}:
            raise _make_refused_error()
        told = parse_body(_TokenAnswer, self._check(response, success=HTTPStatus.CREATED))
        # By GitHub's clock, if it tells it: ours may be wrong.
        sent_at = find_sent_at(response.headers, now=time.time())
        lifetime_seconds = told.expires_at.timestamp() - sent_at
        return InstallationToken(told.token, lifetime_seconds, [repository.id for repository in told.repositories])

    def _parse(self, response: Response) -> Installation | None:
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        told = parse_body(_InstallationAnswer, self._check(response))
        return Installation(told.id, told.account.login if told.account else "", told.suspended_at is not None)

    def _check(self, response: Response, *, success: HTTPStatus = HTTPStatus.OK) -> Response:
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise Stalled(
                "github_app_refused",
                "GitHub does not believe the App: its id and its key do not belong together, or this machine's clock is wrong.",
                hint="Check SYNCD_GITHUB_APP_ID, SYNCD_GITHUB_APP_KEY and the time.",
            )
        if response.status != success:
            raise make_error(response, "the GitHub App", authenticated=True)
        return response

    async def _ask(self, verb: Literal["GET", "POST"], path: str, *, body: object = None) -> Response:
        return await ask_within(self._budget, lambda: self._send(verb, path, body=body), resource=CORE)

    async def _send(self, verb: str, path: str, *, body: object) -> Response:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._key.make_token(now=time.time())}",
        }
        url = URL(self._api_url + path, encoded=True)
        try:
            async with self._session.request(verb, url, headers=headers, json=body, allow_redirects=False) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            raise make_unreachable_error(f"no whole answer came ({type(error).__name__})") from error
        return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, content)


@asynccontextmanager
async def open_github_app(*, api_url: str, key: AppKey, budget: Budget | None = None) -> AsyncIterator[GitHubApp]:
    """Open the connections of an App. BadUsage for an address that is no HTTP URL."""
    api_url = check_api_url(api_url)
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(
        timeout=timeout,
        headers={"User-Agent": "syncd"},
        proxy=find_proxy(api_url),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield GitHubApp(session, api_url, key, budget)


def _make_refused_error() -> Stalled:
    return Stalled(
        "installation_refused",
        "GitHub gives no token for this repository: the App was removed, suspended, or no longer sees the repository.",
        hint="Let the App's installation see the repository again (Contents: read and Metadata: read).",
    )
