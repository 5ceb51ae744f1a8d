"""Apps at the fake: only their own key speaks for them, and a token opens what it was minted for while it lasts."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession

from tests.fakegithub.app_keys import make_app_keys
from tests.fakegithub.apps import App, AppInstallation
from tests.fakegithub.asking import Told
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.openapi.validation import validate_answer
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github


@dataclass(frozen=True, slots=True)
class Scene:
    fake: FakeGitHub
    app: App
    installation: AppInstallation
    book: HostedRepository
    other: HostedRepository

    async def ask(self, verb: str, path: str, *, bearer: str, body: dict[str, Any] | None = None) -> Told:
        headers = {"Authorization": f"Bearer {bearer}"}
        async with (
            ClientSession() as session,
            session.request(verb, self.fake.url + path, headers=headers, json=body, allow_redirects=False) as answer,
        ):
            content = await answer.read()
        validate_answer(verb, path, status=answer.status, content_type=answer.content_type, body=content)
        return Told(answer.status, answer.headers, content)

    async def mint(self, **body: object) -> Told:
        path = f"/app/installations/{self.installation.number}/access_tokens"
        return await self.ask("POST", path, bearer=sign(self.app), body=body)


def sign(app: App, *, exp: float = 540, iat: float = -60, key: str | None = None) -> str:
    now = time.time()
    claims = {"iat": int(now + iat), "exp": int(now + exp), "iss": str(app.number)}
    return jwt.encode(claims, key or make_app_keys()[0], algorithm="RS256")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    git = GitRepository.create(tmp_path / "book.git")
    git.add_commit({"docs/index.md": b"# Start\n"})
    async with open_fake_github() as fake:
        book = await fake.add_repository("acme/book", git, private=True)
        other = await fake.add_repository("acme/other", git, private=True)
        app = fake.add_app(make_app_keys()[1])
        yield Scene(fake, app, app.install("acme", [book, other]), book, other)


async def test_an_app_is_known_by_its_key(scene: Scene) -> None:
    told = await scene.ask("GET", "/app", bearer=sign(scene.app))
    assert (told.status, told.json()["slug"]) == (200, "docs-mirror")


async def test_a_token_of_the_app_that_is_old_too_long_or_from_the_future_is_refused(scene: Scene) -> None:
    for bearer in (
        sign(scene.app, exp=-1),
        sign(scene.app, exp=700),
        sign(scene.app, iat=60),
        jwt.encode({"iat": 1, "exp": int(time.time()) + 60, "iss": str(scene.app.number)}, "s" * 32, algorithm="HS256"),
        "ghp_nobody",
    ):
        assert (await scene.ask("GET", "/app", bearer=bearer)).status == 401


async def test_an_app_as_itself_reads_nothing_and_a_person_is_no_app(scene: Scene) -> None:
    assert (await scene.ask("GET", "/repos/acme/book", bearer=sign(scene.app))).status == 401
    scene.fake.add_token("ghp_person", reads=None)
    assert (await scene.ask("GET", "/app", bearer="ghp_person")).status == 401


async def test_the_installation_of_a_repository_is_found_by_any_name(scene: Scene) -> None:
    bearer = sign(scene.app)
    told = await scene.ask("GET", "/repos/acme/book/installation", bearer=bearer)
    assert (told.status, told.json()["id"]) == (200, scene.installation.number)
    number = scene.book.number
    assert (await scene.ask("GET", f"/repositories/{number}/installation", bearer=bearer)).json() == told.json()
    path = f"/app/installations/{scene.installation.number}"
    assert (await scene.ask("GET", path, bearer=bearer)).json() == told.json()
    assert (await scene.ask("GET", "/app/installations/1", bearer=bearer)).status == 404
    scene.fake.rename_repository(scene.book, "acme/handbook")
    moved = await scene.ask("GET", "/repos/acme/book/installation", bearer=bearer)
    assert moved.headers["Location"].endswith(f"/repositories/{number}/installation")
    scene.installation.repositories.remove(scene.book)
    assert (await scene.ask("GET", f"/repositories/{number}/installation", bearer=bearer)).status == 404


async def test_a_token_opens_the_repository_it_was_minted_for(scene: Scene) -> None:
    told = await scene.mint(repository_ids=[scene.book.number], permissions={"contents": "read"})
    token = told.json()["token"]
    assert (told.status, len(token) > 400, token.count(".")) == (201, True, 2)
    assert [one["id"] for one in told.json()["repositories"]] == [scene.book.number]
    assert (await scene.ask("GET", "/repos/acme/book", bearer=token)).status == 200
    assert (await scene.ask("GET", "/repos/acme/other", bearer=token)).status == 404
    by_name = (await scene.mint(repositories=["other"])).json()
    assert (await scene.ask("GET", "/repos/acme/other", bearer=by_name["token"])).status == 200
    everything = (await scene.mint()).json()
    assert (everything["repository_selection"], "repositories" in everything) == ("all", False)


async def test_more_than_the_installation_has_is_not_minted(scene: Scene) -> None:
    assert (await scene.mint(repository_ids=[1])).status == 422
    assert (await scene.mint(permissions={"contents": "write"})).status == 422
    scene.installation.suspended = True
    assert (await scene.mint()).status == 403
    scene.app.uninstall(scene.installation)
    assert (await scene.mint()).status == 404


async def test_a_token_ends_with_its_time_or_its_installation(scene: Scene) -> None:
    token = (await scene.mint()).json()["token"]
    assert (await scene.ask("GET", "/repos/acme/book", bearer=token)).status == 200
    scene.app.uninstall(scene.installation)
    assert (await scene.ask("GET", "/repos/acme/book", bearer=token)).status == 401
    scene.app.installations[scene.installation.number] = scene.installation
    scene.app.token_seconds = -1
    late = (await scene.mint()).json()["token"]
    assert (await scene.ask("GET", "/repos/acme/book", bearer=late)).status == 401


async def test_all_tokens_of_an_installation_are_counted_together(scene: Scene) -> None:
    tokens = [(await scene.mint()).json()["token"] for _ in range(2)]
    for token in tokens:
        await scene.ask("GET", "/repos/acme/book", bearer=token)
    assert scene.installation.meter.used == 2
