"""Asking the fake the plain way, each answer held against GitHub's own description."""

import json
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
