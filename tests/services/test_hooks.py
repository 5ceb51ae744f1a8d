"""`syncd project add --webhook`: the webhook is there before the project is, once, and every refusal says what to do."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.encryption import make_master_key
from syncd.adapters.github.hooks import EVENTS
from syncd.cli.arguments import make_parser
from syncd.cli.projects import add_command, set_command
from syncd.errors import BadUsage, Rejected
from tests.databases import Database
from tests.environment import clear_environment
from tests.fakegithub.app_keys import make_app_keys
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import fetch
from tests.mirror import open_mirror

TOKEN = "ghp_canary0123456789"
SECRETS = "the newest secret of all,the secret before it"


@dataclass(frozen=True, slots=True)
class Place:
    """A GitHub with one repository, a database with one tenant, and where deliveries would go."""

    fake: FakeGitHub
    repository: HostedRepository
    database: Database
    url: str

    async def add(self, *words: str) -> int:
        return await add_command(make_parser().parse_args(["project", "add", "--tenant", "acme", *words]))

    async def list_projects(self) -> list[str]:
        return [row["name"] for row in await fetch(self.database.migrator_url, "select name from syncd.projects")]


@pytest_asyncio.fixture
async def place(
    database: Database,
    redis_server: RedisServer,
    closed_port: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Place]:
    clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    url = f"http://127.0.0.1:{closed_port}/webhooks/github"
    async with open_fake_github() as fake, open_mirror(database, redis_server):
        git = GitRepository.create(tmp_path / "handbook.git")
        fake.hooks.managers.add(fake.add_token(TOKEN).name)
        for name, value in {
            "DATA_DIR": str(tmp_path / "data"),
            "WEB_DATABASE_URL": database.web_url,
            "GITHUB_API_URL": fake.url,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_TOKEN_TENANTS": "acme",
            "WEBHOOK_URL": url,
            "WEBHOOK_SECRETS": SECRETS,
        }.items():
            monkeypatch.setenv(f"SYNCD_{name}", value)
        yield Place(fake, await fake.add_repository("acme/handbook", git), database, url)


async def test_a_project_is_added_with_a_webhook_that_the_newest_secret_signs(place: Place) -> None:
    assert await place.add("--repo", "acme/handbook", "--webhook") == 0
    (hook,) = place.fake.hooks.list_of(place.repository.number)
    assert (hook.url, hook.secret) == (place.url, "the newest secret of all")
    assert await place.list_projects() == ["handbook"]


async def test_a_second_project_of_the_repository_shares_its_webhook(place: Place) -> None:
    await place.add("--repo", "acme/handbook", "--webhook")
    await place.add("--repo", "acme/handbook", "--webhook", "--name", "again")
    assert len(place.fake.hooks.list_of(place.repository.number)) == 1
    assert await place.list_projects() == ["handbook", "again"]


async def test_a_webhook_that_is_there_is_given_the_newest_secret(place: Place) -> None:
    old = place.fake.hooks.add(
        place.repository.number, place.url, content_type="form", secret="long forgotten", events=["push"]
    )
    await place.add("--repo", "acme/handbook", "--webhook")
    assert place.fake.hooks.list_of(place.repository.number) == [old]
    assert (old.secret, old.content_type, tuple(old.events)) == ("the newest secret of all", "json", EVENTS)


async def test_without_the_option_no_webhook_is_made(place: Place) -> None:
    await place.add("--repo", "acme/handbook")
    assert place.fake.hooks.list_of(place.repository.number) == []


async def test_a_refused_webhook_leaves_no_project_and_says_what_to_do(place: Place) -> None:
    place.fake.hooks.managers.clear()
    with pytest.raises(Rejected) as caught:
        await place.add("--repo", "acme/handbook", "--webhook")
    assert caught.value.code == "webhook_denied"
    assert await place.list_projects() == []


@pytest.mark.parametrize(
    ("unset", "code"),
    [
        ("SYNCD_WEBHOOK_URL", "setting_missing"),
        ("SYNCD_WEBHOOK_SECRETS", "setting_missing"),
        ("SYNCD_GITHUB_TOKEN", "webhook_needs_token"),
    ],
)
async def test_what_a_webhook_needs_is_asked_for(
    place: Place, monkeypatch: pytest.MonkeyPatch, unset: str, code: str
) -> None:
    monkeypatch.delenv(unset)
    with pytest.raises(BadUsage) as caught:
        await place.add("--repo", "acme/handbook", "--webhook")
    assert caught.value.code == code
    assert await place.list_projects() == []


async def test_a_repository_of_the_app_needs_no_webhook_of_its_own(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, public = make_app_keys()
    app = place.fake.add_app(public)
    installation = app.install("acme", [place.repository])
    monkeypatch.setenv("SYNCD_GITHUB_APP_ID", str(app.number))
    monkeypatch.setenv("SYNCD_GITHUB_APP_KEY", private)
    bind = "insert into syncd.github_installations select tenant_id, $1, 'acme', now() from syncd.tenants returning 1"
    await fetch(place.database.migrator_url, bind, installation.number)
    with pytest.raises(BadUsage) as caught:
        await place.add("--repo", "acme/handbook", "--webhook")
    assert caught.value.code == "webhook_by_app"
    assert "the App's webhook" in caught.value.hint
    assert await place.list_projects() == []
    assert await place.add("--repo", "acme/handbook") == 0


async def test_a_folder_has_no_webhook(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCD_FOLDER_ROOTS", str(tmp_path))
    with pytest.raises(BadUsage) as caught:
        await place.add("--folder", str(tmp_path), "--webhook")
    assert caught.value.code == "webhook_needs_repository"
    assert await place.list_projects() == []


async def test_a_project_is_changed_in_what_is_named_and_looked_at_at_once(place: Place) -> None:
    await place.add("--repo", "acme/handbook", "--branch", "main", "--include", "*.text", "--commit-status")
    await fetch(
        place.database.migrator_url, "update syncd.sync_queue set due_at = now() + interval '1 day' returning 1"
    )

    async def change(*words: str) -> None:
        assert (
            await set_command(make_parser().parse_args(["project", "set", "handbook", "--tenant", "acme", *words])) == 0
        )

    await change("--docs-path", "/guide/", "--no-commit-status")
    seen = "select branch, docs_path, include, commit_status from syncd.projects"
    assert [tuple(row) for row in await fetch(place.database.migrator_url, seen)] == [
        ("main", "guide", ["*.text"], False)
    ]
    assert await fetch(place.database.migrator_url, "select from syncd.sync_queue where due_at <= now()")
    await change("--branch", "", "--include", "", "--commit-status")
    assert [tuple(row) for row in await fetch(place.database.migrator_url, seen)] == [(None, "guide", [], True)]
    for words, code in ((("--include", "["), "bad_glob"), ((), "nothing_to_set")):
        with pytest.raises(BadUsage) as caught:
            await change(*words)
        assert caught.value.code == code


async def test_a_project_is_given_another_name_and_another_token(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCD_MASTER_KEYS", f"k1:{make_master_key()}")
    monkeypatch.setenv("NEW_TOKEN", TOKEN)
    await place.add("--repo", "acme/handbook")

    async def change(name: str, *words: str) -> list[tuple[str, bool]]:
        await set_command(make_parser().parse_args(["project", "set", name, "--tenant", "acme", *words]))
        rows = await fetch(place.database.migrator_url, "select name, credential is null from syncd.projects")
        return [(row[0], row[1]) for row in rows]

    assert await change("handbook", "--name", "guide") == [("guide", True)]
    assert await change("guide", "--token-env", "NEW_TOKEN") == [("guide", False)]
    assert await change("guide", "--branch", "main") == [("guide", False)]
    assert await change("guide", "--token-env", "") == [("guide", True)]
    for words, code in ((("--name", "a/b"), "project_name_invalid"), (("--token-env", "NOWHERE"), "token_missing")):
        with pytest.raises((BadUsage, Rejected)) as caught:
            await change("guide", *words)
        assert caught.value.code == code
