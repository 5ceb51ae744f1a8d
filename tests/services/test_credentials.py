"""With what a project asks GitHub: nobody reads another tenant's private repository, and a token is minted when it is needed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.github.app import open_github_app
from syncd.adapters.github.app_key import load_app_key
from syncd.adapters.postgres.installations import add_installation, remove_installation
from syncd.adapters.postgres.transactions import writing
from syncd.core.credentials import CredentialKind
from syncd.core.projects import NewProject, Project
from syncd.errors import Stalled, SyncdError
from syncd.services.credentials import Credentials, ServerCredentials
from syncd.services.sources import FolderAccess, GitHubAccess, Sources
from tests.databases import Database
from tests.fakegithub.app_keys import make_app_keys
from tests.fakegithub.apps import App, AppInstallation
from tests.fakegithub.enterprise import open_enterprise
from tests.fakegithub.faults import Fault, Silence
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import Clock
from tests.mirror import Mirror, open_mirror

PRIVATE, PUBLIC = make_app_keys()
SERVER_TOKEN = "ghp_server"


@dataclass(frozen=True, slots=True)
class Scene:
    """Two tenants at one GitHub. The App is installed at acme, which *mirror* is the tenant of; *other* is globex."""

    fake: FakeGitHub
    hosted: App
    installation: AppInstallation
    book: HostedRepository
    access: GitHubAccess
    mirror: Mirror
    other: Mirror
    clock: Clock

    async def add(self, mirror: Mirror) -> Project:
        """Add the private repository to a tenant."""
        return await mirror.add_project(
            NewProject("book", "github", repository="acme/book", repository_id=self.book.number)
        )

    async def bind(self, mirror: Mirror) -> None:
        async with writing(mirror.web_pool, mirror.tenant_id) as connection:
            assert await add_installation(
                connection, mirror.tenant_id, self.installation.number, account="acme", now=self.clock()
            )

    def open_credentials(self, mirror: Mirror) -> Credentials:
        access = self.access
        server = ServerCredentials(api_url=access.api_url, find_token=access.find_token, app=access.app)
        return Credentials(mirror.pool, server, key_ring=None, clock=self.clock)

    @asynccontextmanager
    async def open_sources(self, mirror: Mirror, access: GitHubAccess | None = None) -> AsyncIterator[Sources]:
        folders = FolderAccess(roots=None, excluded=())
        async with Sources(
            mirror.pool, github=access or self.access, folders=folders, key_ring=None, max_bytes=1000
        ) as sources:
            yield sources

    async def read(self, mirror: Mirror, project: Project, access: GitHubAccess | None = None) -> str | None:
        """Return the head that a tenant's daemon sees, or the code of what keeps it from seeing it."""
        async with self.open_sources(mirror, access) as sources:
            try:
                async with sources.open(project) as source:
                    head = await source.find_head(None)
                    return head.commit if head else None
            except SyncdError as error:
                return error.code


@pytest_asyncio.fixture
async def scene(tmp_path: Path, database: Database, redis_server: RedisServer) -> AsyncIterator[Scene]:
    git = GitRepository.create(tmp_path / "book.git")
    git.add_commit({"docs/index.md": b"# Start\n"})
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(open_fake_github())
        book = await fake.add_repository("acme/book", git, private=True)
        fake.add_token(SERVER_TOKEN, reads=["acme/book"])
        hosted = fake.add_app(PUBLIC)
        app = await stack.enter_async_context(
            open_github_app(api_url=fake.url, key=load_app_key(hosted.number, PRIVATE))
        )
        mirror = await stack.enter_async_context(open_mirror(database, redis_server, tenant="acme"))
        other = await stack.enter_async_context(open_mirror(database, redis_server, tenant="globex"))
        access = GitHubAccess(fake.url, None, (), app)
        yield Scene(fake, hosted, hosted.install("acme", [book]), book, access, mirror, other, Clock())


async def test_no_tenant_reaches_anothers_private_repository(scene: Scene) -> None:
    """Through the server's token, through the App, and through an installation that is bound to another tenant."""
    await scene.bind(scene.mirror)
    ours, theirs = await scene.add(scene.mirror), await scene.add(scene.other)
    for access in (
        scene.access,
        replace(scene.access, token=SERVER_TOKEN, token_tenants=("acme",)),
        replace(scene.access, app=None, token=SERVER_TOKEN, token_tenants=("acme",)),
    ):
        head = await scene.read(scene.mirror, ours, access)
        assert head is not None
        assert len(head) == 40
        assert await scene.read(scene.other, theirs, access) == "repository_not_found"
    # An installation that nobody was bound to opens nothing either.
    async with writing(scene.mirror.web_pool, scene.mirror.tenant_id) as connection:
        assert await remove_installation(connection, scene.mirror.tenant_id, scene.installation.number)
    minted = len(scene.hosted.minted)
    assert await scene.read(scene.mirror, ours) == "repository_not_found"
    assert len(scene.hosted.minted) == minted


async def test_an_installation_bound_to_a_tenant_opens_no_repository_of_another_installation(scene: Scene) -> None:
    elsewhere = scene.hosted.install("globex", [])
    async with writing(scene.other.web_pool, scene.other.tenant_id) as connection:
        await add_installation(
            connection, scene.other.tenant_id, elsewhere.number, account="globex", now=datetime.now(UTC)
        )
    assert await scene.read(scene.other, await scene.add(scene.other)) == "repository_not_found"
    assert scene.hosted.minted == []


async def test_a_token_is_minted_once_for_all_who_wait_and_refreshed_before_it_ends(scene: Scene) -> None:
    await scene.bind(scene.mirror)
    project, credentials = await scene.add(scene.mirror), scene.open_credentials(scene.mirror)
    found = await asyncio.gather(*(credentials.find(project) for _ in range(5)))
    assert {one.token for one in found} == {scene.hosted.minted[0].token}
    assert found[0].kind is CredentialKind.INSTALLATION
    scene.clock.advance(3600 - 310)
    assert await credentials.find(project) == found[0]
    scene.clock.advance(15)  # less than five minutes are left
    later = await credentials.find(project)
    assert later.token == scene.hosted.minted[1].token != found[0].token
    assert later.budget_id == found[0].budget_id
    assert [list(one.repositories) for one in scene.hosted.minted] == [[scene.book]] * 2


async def test_whoever_gives_up_leaves_the_minting_to_the_next(scene: Scene) -> None:
    await scene.bind(scene.mirror)
    project, credentials = await scene.add(scene.mirror), scene.open_credentials(scene.mirror)
    silence = Silence(asyncio.Event())
    scene.fake.faults.add(Fault(on="/access_tokens", effect=silence))
    first = asyncio.create_task(credentials.find(project))
    await silence.arrived.wait()
    second = asyncio.create_task(credentials.find(project))
    first.cancel()
    silence.until.set()
    assert (await second).token is not None
    assert first.cancelled()


async def test_where_the_app_is_installed_is_asked_seldom(scene: Scene) -> None:
    await scene.bind(scene.mirror)
    project, credentials = await scene.add(scene.mirror), scene.open_credentials(scene.mirror)
    for _ in range(3):
        await credentials.find(project)
    paths = [request.path for request in scene.fake.requests]
    assert [path.rpartition("/")[2] for path in paths] == ["installation", "access_tokens"]


async def test_a_tenant_without_an_installation_asks_the_app_nothing(scene: Scene) -> None:
    found = await scene.open_credentials(scene.mirror).find(await scene.add(scene.mirror))
    assert (found.kind, found.token, scene.fake.requests) == (CredentialKind.ANONYMOUS, None, [])


async def test_an_installation_gives_one_token_for_reading_and_another_for_telling(scene: Scene) -> None:
    await scene.bind(scene.mirror)
    project, credentials = await scene.add(scene.mirror), scene.open_credentials(scene.mirror)
    reading = await credentials.find(project)
    with pytest.raises(Stalled) as caught:  # the App was not given the permission
        await credentials.find(project, tells=True)
    assert caught.value.code == "installation_refused"
    scene.hosted.permissions["statuses"] = "write"
    scene.fake.forget_requests()
    telling = await credentials.find(project, tells=True)
    assert await credentials.find(project) == reading
    assert telling.token != reading.token
    assert [dict(one.permissions) for one in scene.hosted.minted] == [
        {"contents": "read", "metadata": "read"},
        {"statuses": "write", "metadata": "read"},
    ]
    assert len(scene.fake.requests) == 1


async def test_a_token_that_github_refuses_is_minted_anew(scene: Scene) -> None:
    await scene.bind(scene.mirror)
    project = await scene.add(scene.mirror)
    async with scene.open_sources(scene.mirror) as sources:
        async with sources.open(project) as source:
            assert await source.find_head(None)
        scene.hosted.minted[0].caller.revoked = True
        with pytest.raises(Stalled) as caught:
            async with sources.open(project) as source:
                await source.find_head(None)
        assert caught.value.code == "credential_refused"
        async with sources.open(project) as source:
            assert await source.find_head(None)
    assert len(scene.hosted.minted) == 2


async def test_a_repository_taken_from_the_installation_is_looked_for_again(scene: Scene) -> None:
    await scene.bind(scene.mirror)
    project, credentials = await scene.add(scene.mirror), scene.open_credentials(scene.mirror)
    await credentials.find(project)
    scene.installation.repositories.clear()
    credentials._minted.clear()
    with pytest.raises(Stalled) as caught:
        await credentials.find(project)
    assert caught.value.code == "installation_refused"
    assert (await credentials.find(project)).kind is CredentialKind.ANONYMOUS


async def test_an_enterprise_server_works_the_same(scene: Scene) -> None:
    await scene.bind(scene.mirror)
    project = await scene.add(scene.mirror)
    async with open_enterprise(scene.fake) as api_url:
        key = load_app_key(scene.hosted.number, PRIVATE)
        async with open_github_app(api_url=api_url, key=key) as app:
            head = await scene.read(scene.mirror, project, GitHubAccess(api_url, None, (), app))
    assert head is not None
    assert len(head) == 40


async def test_clients_of_old_tokens_are_closed(scene: Scene) -> None:
    await scene.bind(scene.mirror)
    project = await scene.add(scene.mirror)
    async with scene.open_sources(scene.mirror) as sources:
        sources._clients._idle_most = 1
        for _ in range(3):
            sources._credentials._minted.clear()
            async with sources.open(project) as source:
                assert await source.find_head(None)
        assert list(sources._clients._held) == [scene.hosted.minted[-1].token]
