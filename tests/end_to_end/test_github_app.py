"""A tenant connects its account by the commands and the endpoint, and its private repository is mirrored; another tenant's is not."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.encryption import make_master_key
from syncd.cli import main
from tests.databases import Database
from tests.end_to_end.daemons import make_settings, open_daemon
from tests.environment import clear_environment
from tests.fakegithub.app_keys import make_app_keys
from tests.fakegithub.apps import App
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github

PRIVATE, PUBLIC = make_app_keys()


@dataclass(frozen=True, slots=True)
class Plant:
    """A daemon with an App, and a shell with the same settings."""

    fake: FakeGitHub
    hosted: App
    installation_id: int
    url: str
    environment: Mapping[str, str]

    async def run(self, *words: str) -> tuple[int, Any]:
        """Return exit code and JSON of one command, which runs in a thread: the daemon that it speaks to is in our loop."""
        return await asyncio.to_thread(self._run, words)

    def _run(self, words: Sequence[str]) -> tuple[int, Any]:
        output, errors = StringIO(), StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
            for name, value in self.environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main([*words, "--json"])
        assert isinstance(ended.value.code, int)
        return ended.value.code, json.loads(output.getvalue() or errors.getvalue())

    async def get(self, path: str, **query: str) -> int:
        async with aiohttp.ClientSession() as session, session.get(self.url + path, params=query) as answer:
            return answer.status


@pytest_asyncio.fixture
async def plant(
    tmp_path: Path, database: Database, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Plant]:
    clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    git = GitRepository.create(tmp_path / "book.git")
    git.add_commit({"docs/index.md": b"# Start\n\nWords.\n"})
    key_path = tmp_path / "app.pem"
    key_path.write_text(PRIVATE)
    async with open_fake_github() as fake:
        book = await fake.add_repository("acme/book", git, private=True)
        hosted = fake.add_app(PUBLIC)
        settings = make_settings(
            database,
            redis_server,
            github_api_url=fake.url,
            github_app_id=hosted.number,
            github_app_key=str(key_path),
            master_keys=f"k1:{make_master_key()}",
        )
        secrets = ("sync_database_url", "web_database_url", "redis_url", "master_keys", "github_app_key")
        environment = {f"SYNCD_{name.upper()}": getattr(settings, name).get_secret_value() for name in secrets}
        environment |= {"SYNCD_GITHUB_API_URL": fake.url, "SYNCD_GITHUB_APP_ID": str(hosted.number)}
        async with open_daemon(settings) as url:
            number = hosted.install("acme", [book]).number
            yield Plant(fake, hosted, number, url, environment)


async def test_a_tenant_mirrors_its_private_repository_through_the_app(plant: Plant) -> None:
    for tenant in ("acme", "globex"):
        assert (await plant.run("tenant", "add", tenant))[0] == 0
    adding = ("project", "add", "--repo", "acme/book", "--tenant")
    code, told = await plant.run(*adding, "acme")
    assert (code, told["error"]["code"]) == (3, "repository_not_found")  # nobody has connected the account

    _, link = await plant.run("github", "connect", "--tenant", "acme", "--account", "acme")
    state = link["url"].partition("state=")[2]
    assert await plant.get("/github/setup", installation_id=str(plant.installation_id), state=state) == 200
    assert await plant.get("/github/setup", installation_id=str(plant.installation_id), state=state) == 400
    _, listed = await plant.run("github", "list", "--tenant", "acme")
    assert [one["installationId"] for one in listed["items"]] == [plant.installation_id]

    assert (await plant.run(*adding, "acme"))[0] == 0
    code, project = await plant.run("project", "sync", "book", "--wait", "--tenant", "acme")
    assert (code, project["condition"], project["documents"]) == (0, "ready", 1)
    _, status = await plant.run("status", "--tenant", "acme")
    assert [(one["credential"], one["limit"]) for one in status["github"]] == [("installation", 5000)]

    code, told = await plant.run(*adding, "globex")
    assert (code, told["error"]["code"]) == (3, "repository_not_found")
    assert (await plant.run("github", "disconnect", str(plant.installation_id), "--tenant", "globex"))[0] == 3
    assert (await plant.run("github", "disconnect", str(plant.installation_id), "--tenant", "acme"))[0] == 0
    code, told = await plant.run("project", "sync", "book", "--wait", "--tenant", "acme")
    assert (code, told["error"]["code"]) == (1, "repository_not_found")


async def test_half_of_an_app_is_said_so(plant: Plant) -> None:
    environment = {name: value for name, value in plant.environment.items() if name != "SYNCD_GITHUB_APP_KEY"}
    half = Plant(plant.fake, plant.hosted, plant.installation_id, plant.url, environment)
    code, told = await half.run("github", "connect", "--account", "acme")
    assert (code, told["error"]["code"]) == (2, "setting_missing")
    assert "SYNCD_GITHUB_APP_KEY" in told["error"]["message"]
