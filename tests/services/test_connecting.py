"""How an installation comes to serve a tenant: by a link that works once, for one account, and for one tenant."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.encryption import make_master_key, parse_key_ring
from syncd.adapters.github.app import open_github_app
from syncd.adapters.github.app_key import load_app_key
from syncd.adapters.postgres.installations import list_installations
from syncd.adapters.postgres.transactions import reading
from syncd.errors import BadUsage, NotFound, SyncdError
from syncd.services.connecting import (
    Connecting,
    complete_setup,
    disconnect,
    find_installation_token,
    make_setup_link,
)
from tests.databases import Database
from tests.fakegithub.app_keys import make_app_keys
from tests.fakegithub.apps import App, AppInstallation
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import open_fake_github
from tests.loop import Clock
from tests.mirror import Mirror, open_mirror

PRIVATE, PUBLIC = make_app_keys()


@dataclass(frozen=True, slots=True)
class Scene:
    """Two tenants, and an App that is installed at two accounts."""

    connecting: Connecting
    clock: Clock
    hosted: App
    acme: AppInstallation
    globex: AppInstallation
    first: Mirror
    second: Mirror

    async def make_state(self, mirror: Mirror, account: str = "acme") -> str:
        link = await make_setup_link(self.connecting, mirror.tenant_id, account)
        parts = urlsplit(link.url)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://github.com/apps/docs-mirror/installations/new"
        return parse_qs(parts.query)["state"][0]

    async def refuse(self, state: str, installation_id: int) -> SyncdError:
        with pytest.raises(SyncdError) as caught:
            await complete_setup(self.connecting, state, installation_id)
        return caught.value

    async def list_bound(self, mirror: Mirror) -> list[int]:
        async with reading(mirror.web_pool, mirror.tenant_id) as connection:
            return [one.installation_id for one in await list_installations(connection, mirror.tenant_id)]


@pytest_asyncio.fixture
async def scene(tmp_path: Path, database: Database, redis_server: RedisServer) -> AsyncIterator[Scene]:
    git = GitRepository.create(tmp_path / "book.git")
    git.add_commit({"docs/index.md": b"# Start\n"})
    clock = Clock()
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(open_fake_github())
        book = await fake.add_repository("Acme/book", git, private=True)
        hosted = fake.add_app(PUBLIC)
        key = load_app_key(hosted.number, PRIVATE)
        app = await stack.enter_async_context(open_github_app(api_url=fake.url, key=key))
        first = await stack.enter_async_context(open_mirror(database, redis_server, tenant="first"))
        second = await stack.enter_async_context(open_mirror(database, redis_server, tenant="second"))
        key_ring = parse_key_ring(f"k1:{make_master_key()}")
        connecting = Connecting(first.web_pool, app, key_ring, clock)
        acme, globex = hosted.install("Acme", [book]), hosted.install("globex", [])
        yield Scene(connecting, clock, hosted, acme, globex, first, second)


async def test_a_link_connects_an_account_to_a_tenant(scene: Scene) -> None:
    bound = await complete_setup(scene.connecting, await scene.make_state(scene.first, "ACME"), scene.acme.number)
    assert (bound.installation_id, bound.account) == (scene.acme.number, "Acme")
    assert await scene.list_bound(scene.first) == [scene.acme.number]
    assert await scene.list_bound(scene.second) == []


async def test_a_link_works_once(scene: Scene) -> None:
    state = await scene.make_state(scene.first)
    await complete_setup(scene.connecting, state, scene.acme.number)
    again = await scene.refuse(state, scene.acme.number)
    assert (type(again), again.code) == (BadUsage, "setup_state_invalid")
    # A new link for the same is welcome.
    await complete_setup(scene.connecting, await scene.make_state(scene.first), scene.acme.number)


async def test_a_link_ends_and_one_that_was_not_made_here_is_none(scene: Scene) -> None:
    state = await scene.make_state(scene.first)
    scene.clock.advance(3600)
    assert (await scene.refuse(state, scene.acme.number)).code == "setup_state_invalid"
    other = replace(scene.connecting, key_ring=parse_key_ring(f"k1:{make_master_key()}"))
    forged = (await make_setup_link(other, scene.first.tenant_id, "acme")).url.partition("state=")[2]
    for text in (forged, "", "x" * 1000):
        assert (await scene.refuse(text, scene.acme.number)).code == "setup_state_invalid"
    assert await scene.list_bound(scene.first) == []


async def test_a_number_typed_into_the_address_binds_nothing(scene: Scene) -> None:
    """Unknown, of another account, or bound to another tenant: the same answer, and the link can still be used rightly."""
    await complete_setup(scene.connecting, await scene.make_state(scene.first), scene.acme.number)
    theirs = await scene.make_state(scene.second, "acme")
    stolen = await scene.refuse(theirs, scene.acme.number)
    unknown = await scene.refuse(theirs, 1)
    elsewhere = await scene.refuse(theirs, scene.globex.number)
    assert {(type(one), one.code, one.message, one.hint) for one in (stolen, unknown, elsewhere)} == {
        (NotFound, stolen.code, stolen.message, stolen.hint)
    }
    assert await scene.list_bound(scene.second) == []
    await disconnect(scene.first.web_pool, scene.first.tenant_id, scene.acme.number)
    await complete_setup(scene.connecting, theirs, scene.acme.number)
    assert await scene.list_bound(scene.second) == [scene.acme.number]


async def test_a_tenant_disconnects_its_own_and_no_other(scene: Scene) -> None:
    await complete_setup(scene.connecting, await scene.make_state(scene.first), scene.acme.number)
    with pytest.raises(NotFound):
        await disconnect(scene.second.web_pool, scene.second.tenant_id, scene.acme.number)
    await disconnect(scene.first.web_pool, scene.first.tenant_id, scene.acme.number)
    assert await scene.list_bound(scene.first) == []


async def test_a_repository_is_named_by_the_tenants_own_installation(scene: Scene) -> None:
    app, pool = scene.connecting.app, scene.first.web_pool
    assert await find_installation_token(pool, app, scene.first.tenant_id, "acme/book") is None
    await complete_setup(scene.connecting, await scene.make_state(scene.first), scene.acme.number)
    token = await find_installation_token(pool, app, scene.first.tenant_id, "acme/book")
    assert token == scene.hosted.minted[0].token
    assert await find_installation_token(pool, app, scene.second.tenant_id, "acme/book") is None
    assert await find_installation_token(pool, app, scene.first.tenant_id, "acme/other") is None


async def test_an_account_that_can_be_none_gets_no_link(scene: Scene) -> None:
    with pytest.raises(BadUsage) as caught:
        await make_setup_link(scene.connecting, scene.first.tenant_id, "acme/book")
    assert caught.value.code == "bad_account"
