"""What a repository is called, and the number under which GitHub keeps it whatever it is called."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from pydantic import BaseModel

from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.errors import make_error
from syncd.adapters.github.responses import Response, parse_body
from syncd.errors import BadUsage

_NAME = re.compile(r"[A-Za-z0-9_.-]+/(?!\.{1,2}$)[A-Za-z0-9_.-]+")
_BYTES_OF_SIZE = 1024
_MOVED_TO = re.compile(r"/repositories/(\d+)$")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as GitHub describes it.

    *number* is its id, which outlives every rename and transfer; *node_id* is what GraphQL calls the same thing, and
    *size_bytes* what the whole repository takes up at GitHub, history and all.
    """

    number: int
    node_id: str
    full_name: str
    default_branch: str
    private: bool
    size_bytes: int


class _RepositoryAnswer(BaseModel):
    id: int
    node_id: str
    full_name: str
    default_branch: str
    private: bool
    size: int


def parse_repository_name(text: str) -> str:
    """Return owner/name from *text*, which may also be an address copied from a browser or from git; BadUsage otherwise."""
    name = re.sub(r"^(https?://[^/]+/|git@[^:]+:)", "", text.strip()).strip("/").removesuffix(".git")
    if not _NAME.fullmatch(name):
        raise BadUsage("bad_repository_name", f"{text!r} is no repository.", hint="Write it as OWNER/NAME.")
    return name


async def get_repository_by_name(client: GitHubClient, name: str) -> Repository:
    """Return the repository called *name* (owner/name), now or formerly. Raises as `make_error` says."""
    response = await client.get(f"/repos/{parse_repository_name(name)}")
    if response.status == HTTPStatus.MOVED_PERMANENTLY:
        moved_to = _MOVED_TO.search(urlsplit(response.headers.get("location", "")).path)
        if moved_to:
            return await get_repository(client, int(moved_to[1]), name=name)
    return _parse(client, response, name)


async def get_repository(client: GitHubClient, number: int, *, name: str) -> Repository:
    """Return the repository with this id; *name* is what errors call it. Raises as `make_error` says."""
    return _parse(client, await client.get(f"/repositories/{number}"), name)


def _parse(client: GitHubClient, response: Response, name: str) -> Repository:
    if response.status != HTTPStatus.OK:
        raise make_error(response, name, authenticated=client.authenticated)
    told = parse_body(_RepositoryAnswer, response)
    return Repository(
        told.id, told.node_id, told.full_name, told.default_branch, told.private, told.size * _BYTES_OF_SIZE
    )
