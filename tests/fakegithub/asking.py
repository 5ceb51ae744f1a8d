"""Asking the fake the plain way, each answer of REST held against GitHub's own description."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession
from multidict import CIMultiDictProxy
from yarl import URL

from tests.fakegithub.openapi.validation import validate_answer
from tests.fakegithub.server import FakeGitHub


@dataclass(frozen=True, slots=True)
class Told:
    """One answer."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - tests pick from it as they like
        """Return the parsed body."""
        return json.loads(self.body)


async def ask(
    fake: FakeGitHub, path: str, *, accept: str = "application/vnd.github+json", token: str = "", known: str = ""
) -> Told:
    """GET *path* (with its query, percent-encoded), follow nothing, and validate what comes."""
    headers = {"Accept": accept}
    headers |= {"Authorization": f"token {token}"} if token else {}
    headers |= {"If-None-Match": known} if known else {}
    url = URL(fake.url + path, encoded=True)
    async with ClientSession() as session, session.get(url, headers=headers, allow_redirects=False) as response:
        body = await response.read()
    validate_answer("GET", url.path, status=response.status, content_type=response.content_type, body=body)
    return Told(response.status, response.headers, body)


async def ask_graphql(
    fake: FakeGitHub, query: str, *, variables: Mapping[str, str] | None = None, token: str = ""
) -> Told:
    """POST *query*. What GitHub's schema does not allow is refused by the fake itself."""
    headers = {"Authorization": f"token {token}"} if token else {}
    asked = {"query": query, "variables": dict(variables or {})}
    async with ClientSession() as session, session.post(f"{fake.url}/graphql", json=asked, headers=headers) as response:
        return Told(response.status, response.headers, await response.read())


async def download(url: str) -> Told:
    """GET *url* without any credential."""
    async with ClientSession() as session, session.get(URL(url, encoded=True)) as response:
        return Told(response.status, response.headers, await response.read())
