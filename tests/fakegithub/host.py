"""What all routes of one fake stand on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakegithub.bodies import Bodies
from tests.fakegithub.callers import Caller, Callers
from tests.fakegithub.repositories import HostedRepository, Repositories

TREE_ENTRY_LIMIT = 100_000


@dataclass(slots=True)
class Host:
    """The state of one fake GitHub. *tree_entry_limit* is where a listing is cut and marked truncated."""

    api_url: str
    repositories: Repositories = field(default_factory=Repositories)
    callers: Callers = field(default_factory=Callers)
    tree_entry_limit: int = TREE_ENTRY_LIMIT

    def bodies(self, repository: HostedRepository) -> Bodies:
        """Return the maker of this repository's JSON."""
        return Bodies(self.api_url, repository)


HOST = web.AppKey("host", Host)
CALLER = web.RequestKey("caller", Caller)
Answering = Callable[[web.Request, HostedRepository], Awaitable[web.Response]]
Route = tuple[str, Answering]
