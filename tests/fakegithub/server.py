"""A GitHub on the loopback interface, for the length of a test."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiohttp import web

from tests.fakegithub.apps import App
from tests.fakegithub.callers import Caller
from tests.fakegithub.faults import Faults
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.hooks import Hooks, Sending
from tests.fakegithub.host import HOST, Host
from tests.fakegithub.objects import open_object_reader
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.routes import (
    apps,
    archives,
    branches,
    commits,
    comparisons,
    graphql,
    hooks,
    objects,
    rates,
    repositories,
    statuses,
)
from tests.fakegithub.serving import LoggedRequest, make_middleware

_ROUTES = (
    *repositories.ROUTES,
    *commits.ROUTES,
    *comparisons.ROUTES,
    *branches.ROUTES,
    *objects.ROUTES,
    *archives.ROUTES,
    *apps.ROUTES,
)


class FakeGitHub:
    """The host as a test sees it: what it holds, who may come in, what went wrong, what was asked."""

    def __init__(self, host: Host, exits: AsyncExitStack) -> None:
        self._host = host
        self._exits = exits
        self.faults = Faults()
        self.requests: list[LoggedRequest] = []

    @property
    def url(self) -> str:
        """Return the address of the API, without a slash at its end."""
        return self._host.api_url

    async def add_repository(
        self, full_name: str, git: GitRepository, *, private: bool = False, default_branch: str = "main"
    ) -> HostedRepository:
        """Host *git* under *full_name*; the number of the answer is its id."""
        reader = await self._exits.enter_async_context(open_object_reader(git.path))
        return self._host.repositories.add(full_name, reader, default_branch=default_branch, private=private)

    def rename_repository(self, repository: HostedRepository, full_name: str) -> None:
        """Rename or transfer *repository*; its former name redirects."""
        self._host.repositories.rename(repository, full_name)

    def remove_repository(self, repository: HostedRepository) -> None:
        """Delete *repository*."""
        self._host.repositories.remove(repository)

    def add_token(self, token: str, *, reads: Iterable[str] | None = ()) -> Caller:
        """Make *token* valid; *reads* names the private repositories open to it, none means every one."""
        names = None if reads is None else frozenset(name.lower() for name in reads)
        return self._host.callers.add_token(token, reads=names)

    def revoke_token(self, token: str) -> None:
        """Make *token* a bad credential."""
        self._host.callers.get(token).revoked = True

    def add_app(self, public_key: str, *, slug: str = "docs-mirror") -> App:
        """Register an App by its public key (PEM). It is installed, and its tokens are looked at, through what comes back."""
        return self._host.apps.add(public_key, slug=slug)

    @property
    def hooks(self) -> Hooks:
        """Return the webhooks and their sender. A caller whose name is in `managers` may manage them."""
        return self._host.hooks

    def make_push(self, repository: HostedRepository, after: str, *, branch: str = "main") -> Sending:
        """Return the delivery that tells of a push, with the fields that do not depend on what was pushed."""
        bodies = self._host.bodies(repository)
        payload = {"ref": f"refs/heads/{branch}", "after": after, "deleted": not after.strip("0")}
        return self.hooks.make_sending("push", payload | {"commits": [], "repository": bodies.repository()})

    @property
    def statuses(self) -> list[dict[str, Any]]:
        """Return the statuses of commits, in the order they were put. A caller may put one if it `tells`."""
        return self._host.statuses

    @property
    def anonymous(self) -> Caller:
        """Return the counters of all who come without a token."""
        return self._host.callers.anonymous

    def limit_trees(self, entries: int) -> None:
        """Cut every listing at *entries* and mark it truncated, as GitHub does at 100,000."""
        self._host.tree_entry_limit = entries

    def limit_graphql(self, text_bytes: int | None) -> None:
        """Answer 502 to every query for more than *text_bytes* of texts, as GitHub does to what takes longer than 10 s."""
        self._host.graphql_byte_limit = text_bytes

    def forget_requests(self) -> None:
        """Start counting anew."""
        self.requests.clear()


@asynccontextmanager
async def open_fake_github() -> AsyncIterator[FakeGitHub]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    host = Host(api_url="")
    async with AsyncExitStack() as exits:
        fake = FakeGitHub(host, exits)
        runner = web.AppRunner(_make_application(host, fake), shutdown_timeout=1)
        await runner.setup()
        exits.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address, port = runner.addresses[0][:2]
        host.api_url = f"http://{address}:{port}"
        yield fake


def _make_application(host: Host, fake: FakeGitHub) -> web.Application:
    application = web.Application(middlewares=[make_middleware(host, fake.faults, fake.requests)])
    application[HOST] = host
    application.router.add_get(rates.PATH, rates.get_rate_limit)
    application.router.add_get(apps.APP_PATH, apps.get_app)
    application.router.add_get(apps.INSTALLATION_PATH, apps.get_installation)
    application.router.add_post(apps.TOKENS_PATH, apps.add_token)
    application.router.add_post(graphql.PATH, graphql.answer_query)
    application.router.add_get(archives.CODELOAD_PATH, archives.get_archive)
    for place in ("/repos/{owner}/{name}", r"/repositories/{number:\d+}"):
        for path, answering in _ROUTES:
            application.router.add_get(place + path, repositories.under_repository(answering))
        for verb, path, answering in (*hooks.ROUTES, *statuses.ROUTES):
            application.router.add_route(verb, place + path, repositories.under_repository(answering))
    return application
