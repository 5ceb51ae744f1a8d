"""The App: its key signs and stays here, its tokens read one repository, and every refusal is explained."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from syncd.adapters.github.app import GitHubApp, open_github_app
from syncd.adapters.github.app_key import AppKey, load_app_key
from syncd.errors import BadUsage, RetryLater, Stalled, Unreachable
from tests.fakegithub.app_keys import make_app_keys
from tests.fakegithub.apps import App, AppInstallation
from tests.fakegithub.enterprise import open_enterprise
from tests.fakegithub.faults import CutBody, Fault
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.limits import slow_down
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github

PRIVATE, PUBLIC = make_app_keys()


@dataclass(frozen=True, slots=True)
class Scene:
    """An App at one account with one private repository, and our side of it."""

    fake: FakeGitHub
    hosted: App
    installation: AppInstallation
    book: HostedRepository
    app: GitHubApp
    git: GitRepository


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    git = GitRepository.create(tmp_path / "book.git")
    git.add_commit({"docs/index.md": b"# Start\n"})
    async with open_fake_github() as fake:
        book = await fake.add_repository("acme/book", git, private=True)
        hosted = fake.add_app(PUBLIC)
        async with open_github_app(api_url=fake.url, key=load_app_key(hosted.number, PRIVATE)) as app:
            yield Scene(fake, hosted, hosted.install("Acme", [book]), book, app, git)


async def test_an_app_finds_its_page_and_its_installations(scene: Scene) -> None:
    number = scene.installation.number
    assert await scene.app.get_page_url() == "https://github.com/apps/docs-mirror"
    for found in (
        await scene.app.find_installation(number),
        await scene.app.find_installation_of(scene.book.number),
        await scene.app.find_installation_of("acme/book"),
    ):
        assert found is not None
        assert (found.installation_id, found.account, found.suspended) == (number, "Acme", False)
    assert await scene.app.find_installation(1) is None
    assert await scene.app.find_installation_of("acme/nothing") is None


async def test_a_renamed_repository_leads_to_the_same_installation(scene: Scene) -> None:
    scene.fake.rename_repository(scene.book, "acme/handbook")
    found = await scene.app.find_installation_of("acme/book")
    assert found is not None
    assert found.installation_id == scene.installation.number


async def test_a_token_is_for_one_repository_and_for_reading(scene: Scene) -> None:
    scene.installation.repositories.append(await scene.fake.add_repository("acme/secrets", scene.git, private=True))
    for repository in (scene.book.number, "acme/book"):
        minted = await scene.app.mint_token(scene.installation.number, repository=repository)
        assert list(minted.repository_ids) == [scene.book.number]
        assert 3500 < minted.lifetime_seconds <= 3600
        assert minted.token not in repr(minted)
    for one in scene.hosted.minted:
        assert (list(one.repositories), one.permissions) == ([scene.book], {"contents": "read", "metadata": "read"})


async def test_a_repository_that_the_installation_does_not_see_gets_no_token(scene: Scene) -> None:
    with pytest.raises(Stalled) as caught:
        await scene.app.mint_token(scene.installation.number, repository=1)
    assert caught.value.code == "installation_refused"
    scene.hosted.uninstall(scene.installation)
    with pytest.raises(Stalled) as caught:
        await scene.app.mint_token(scene.installation.number, repository=scene.book.number)
    assert caught.value.code == "installation_refused"


async def test_a_suspended_installation_is_said_so(scene: Scene) -> None:
    scene.installation.suspended = True
    found = await scene.app.find_installation(scene.installation.number)
    assert found is not None
    assert found.suspended
    with pytest.raises(Stalled) as caught:
        await scene.app.mint_token(scene.installation.number, repository=scene.book.number)
    assert caught.value.code == "access_denied"
    assert "suspended" in caught.value.message


async def test_an_app_of_another_key_is_refused(scene: Scene) -> None:
    key = load_app_key(scene.hosted.number + 1, PRIVATE)
    async with open_github_app(api_url=scene.fake.url, key=key) as app:
        with pytest.raises(Stalled) as caught:
            await app.get_page_url()
    assert caught.value.code == "github_app_refused"


async def test_limits_and_broken_answers_wait(scene: Scene) -> None:
    scene.fake.faults.add(Fault(on="/app$", effect=slow_down(retry_after=7)))
    with pytest.raises(RetryLater) as caught:
        await scene.app.get_page_url()
    assert (caught.value.code, caught.value.after_seconds) == ("rate_limited", 7)
    scene.fake.faults.add(Fault(on="/app$", effect=CutBody(keep_bytes=3)))
    with pytest.raises(Unreachable):
        await scene.app.get_page_url()


async def test_an_enterprise_server_works_the_same(scene: Scene) -> None:
    async with open_enterprise(scene.fake) as api_url:
        assert api_url.endswith("/api/v3")
        async with open_github_app(api_url=api_url, key=load_app_key(scene.hosted.number, PRIVATE)) as app:
            scene.fake.rename_repository(scene.book, "acme/handbook")
            found = await app.find_installation_of("acme/book")
            assert found is not None
            minted = await app.mint_token(found.installation_id, repository=scene.book.number)
    assert list(minted.repository_ids) == [scene.book.number]


def test_a_token_of_the_app_holds_ten_minutes_at_most() -> None:
    now = time.time()
    claims = jwt.decode(load_app_key(12, PRIVATE).make_token(now=now), PUBLIC, algorithms=["RS256"])
    assert claims["iss"] == "12"
    assert claims["iat"] == int(now) - 60
    assert claims["exp"] <= now + 600


def make_elliptic_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_a_key_is_read_from_its_text_or_its_file(tmp_path: Path) -> None:
    path = tmp_path / "app.pem"
    path.write_text(PRIVATE)
    for written in (PRIVATE, PRIVATE.replace("\n", "\\n"), f"  {PRIVATE}", str(path)):
        key = load_app_key(1, written)
        assert isinstance(key, AppKey)
        assert "PRIVATE" not in repr(key)


@pytest.mark.parametrize("written", [PRIVATE[:400], make_elliptic_key(), PUBLIC, "/nowhere/key.pem", PRIVATE[40:]])
def test_a_key_that_is_none_is_refused_without_showing_it(written: str) -> None:
    with pytest.raises(BadUsage) as caught:
        load_app_key(1, written)
    assert caught.value.code == "bad_github_app_key"
    body = written.strip().splitlines()[1:2] or [written]
    assert body[0][:30] not in f"{caught.value.message}{caught.value.hint}"
