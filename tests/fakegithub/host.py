"""What all routes of one fake stand on."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from tests.fakegithub.apps import Apps
from tests.fakegithub.bodies import Bodies
from tests.fakegithub.callers import Caller, Callers
from tests.fakegithub.hooks import Hooks
from tests.fakegithub.repositories import HostedRepository, Repositories

TREE_ENTRY_LIMIT = 100_000


@dataclass(slots=True)
class Host:
    """The state of one fake GitHub.

    *tree_entry_limit* is where a listing is cut and marked truncated; *graphql_byte_limit* is how many bytes of texts one
    query may ask for before it takes too long. *archive_links* are those to private archives; each opens once.
    *statuses* are those of commits, in the order they were put.
    """

    api_url: str
    repositories: Repositories = field(default_factory=Repositories)
    callers: Callers = field(default_factory=Callers)
    apps: Apps = field(default_factory=Apps)
    hooks: Hooks = field(default_factory=Hooks)
    tree_entry_limit: int = TREE_ENTRY_LIMIT
    graphql_byte_limit: int | None = None
    archive_links: set[str] = field(default_factory=set)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    _archive_numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.callers.find_more = self.apps.find_caller

    def add_archive_link(self) -> str:
        """Return a new link's secret."""
        secret = f"CODELOAD{next(self._archive_numbers)}"
        self.archive_links.add(secret)
        return secret

    def bodies(self, repository: HostedRepository) -> Bodies:
        """Return the maker of this repository's JSON."""
        return Bodies(self.api_url, repository)


HOST = web.AppKey("host", Host)
CALLER = web.RequestKey("caller", Caller)
Answering = Callable[[web.Request, HostedRepository], Awaitable[web.Response]]
Route = tuple[str, Answering]
