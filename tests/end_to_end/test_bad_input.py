"""What is wrong on the way to a first sync: one sentence, one hint, the right exit code, and nothing left half done."""

import asyncio
import json
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import require_recent_server
from syncd.cli.arguments import make_parser
from syncd.cli.loading import load
from syncd.errors import NotFound, Stalled, SyncdError
from tests.databases import Database
from tests.environment import clear_environment
from tests.fakegithub.faults import Answer, Fault, Silence
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github

SECRET = "ghp_canary0123456789"


@dataclass(slots=True)
class Desk:
    """Where a person types `syncd up --once`: servers by URL, a GitHub, an empty data directory."""

    root: Path
    environment: pytest.MonkeyPatch
    fake: FakeGitHub
    database: Database
    redis_url: str

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self.environment.setenv(f"SYNCD_{name.upper()}", value)

    async def up(self, *arguments: str) -> int:
        places = ["--data-dir", str(self.root / "data"), "--http", "127.0.0.1:0", "--mcp", "127.0.0.1:0"]
        parsed = make_parser().parse_args(["up", "--once", "--json", *places, *arguments])
        return int(await load(parsed.handler)(parsed))

    async def fail(self, *arguments: str) -> tuple[str, int]:
        """Return code and exit code of a run that must fail, with a sentence and a hint that tell no secret."""
        with pytest.raises(SyncdError) as caught:
            await self.up(*arguments)
        error = caught.value
        assert error.message.endswith(".")
        assert "\n" not in error.message + error.hint
        assert error.hint
        for secret in (SECRET, urlsplit(self.database.migrator_url).password, urlsplit(self.redis_url).password):
            assert secret
            assert secret not in error.message + error.hint
        return error.code, error.exit_code

    async def host(self, name: str, files: dict[str, bytes] | None, *, private: bool = False) -> GitRepository:
        """Put a repository at the fake; *files* none: empty."""
        git = GitRepository.create(self.root / f"{name.replace('/', '-')}.git")
        if files is not None:
            git.add_commit(dict(files))
        await self.fake.add_repository(name, git, private=private)
        return git


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest_asyncio.fixture
async def desk(
    database: Database, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    async with open_fake_github() as fake:
        made = Desk(tmp_path, monkeypatch, fake, database, redis_server.url)
        made.set(database_url=database.migrator_url, redis_url=redis_server.url, github_api_url=fake.url)
        yield made


async def test_a_folder_that_is_not_there_or_is_none(desk: Desk) -> None:
    assert await desk.fail("--folder", str(desk.root / "none")) == ("folder_not_found", 3)
    (desk.root / "file").write_text("x")
    with pytest.raises(NotFound, match="is not a folder"):
        await desk.up("--folder", str(desk.root / "file"))


async def test_a_repository_that_is_unknown_private_or_misspelt(desk: Desk) -> None:
    assert await desk.fail("--repo", "acme/nothing") == ("repository_not_found", 3)
    await desk.host("acme/secret", {"a.md": b"# A\n"}, private=True)
    assert await desk.fail("--repo", "acme/secret") == ("repository_not_found", 3)
    assert await desk.fail("--repo", "acme") == ("bad_repository_name", 2)


async def test_a_revoked_token(desk: Desk) -> None:
    await desk.host("acme/docs", {"a.md": b"# A\n"})
    desk.set(github_token=SECRET)
    assert await desk.fail("--repo", "acme/docs") == ("credential_refused", 1)


async def test_a_server_token_of_other_tenants_is_not_shown_to_github(desk: Desk) -> None:
    await desk.host("acme/docs", {"a.md": b"# A\n"})
    desk.fake.add_token(SECRET)
    desk.set(github_token=SECRET, github_token_tenants="another")
    assert await desk.up("--repo", "acme/docs") == 0
    assert not any(request.authorized for request in desk.fake.requests)


async def test_a_token_that_is_revoked_between_two_runs_keeps_what_was_synced(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    git = await desk.host("acme/docs", {"a.md": b"# A\n"}, private=True)
    desk.fake.add_token(SECRET, reads=["acme/docs"])
    desk.set(github_token=SECRET)
    assert await desk.up("--repo", "acme/docs") == 0
    git.add_commit({"a.md": b"# A2\n"})
    # The repository's page still answers, as it would a moment before; everything behind it is refused.
    desk.fake.faults.add(Fault(on="/commits/", effect=Answer(401, body=b'{"message": "Bad credentials"}'), times=None))
    capsys.readouterr()
    assert await desk.up("--repo", "acme/docs") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["documents"] == 1
    assert "GitHub refuses the token for acme/docs" in said.err
    assert "What was synced before is served." in said.err


async def test_a_github_that_does_not_answer_is_unreachable(desk: Desk, closed_port: int) -> None:
    desk.set(github_api_url=f"http://127.0.0.1:{closed_port}")
    assert await desk.fail("--repo", "acme/docs") == ("github_unreachable", 4)


async def test_a_github_that_falls_silent_during_the_first_sync_is_unreachable_too(desk: Desk) -> None:
    await desk.host("acme/docs", {"a.md": b"# A\n"})
    desk.fake.faults.add(Fault(on="/git/trees/", effect=Answer(502), times=None))
    assert await desk.fail("--repo", "acme/docs") == ("github_unreachable", 4)


async def test_a_branch_or_docs_path_that_is_not_there_is_named_with_those_that_are(desk: Desk) -> None:
    await desk.host("acme/docs", {"guide/a.md": b"# A\n"})
    with pytest.raises(SyncdError, match="no branch 'mian'") as caught:
        await desk.up("--repo", "acme/docs", "--branch", "mian")
    assert (caught.value.code, caught.value.exit_code) == ("branch_missing", 1)
    assert "main" in caught.value.hint
    with pytest.raises(SyncdError, match="no folder 'guides'") as caught:
        await desk.up("--repo", "acme/docs", "--docs-path", "guides")
    assert (caught.value.code, caught.value.exit_code) == ("path_missing", 1)
    assert "guide" in caught.value.hint
    # Corrected, the same project goes on.
    assert await desk.up("--repo", "acme/docs", "--docs-path", "guide") == 0


async def test_an_empty_repository(desk: Desk) -> None:
    await desk.host("acme/empty", None)
    assert await desk.fail("--repo", "acme/empty") == ("repository_empty", 1)


async def test_a_repository_without_docs_is_ready_and_says_so(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    await desk.host("acme/code", {"main.py": b"1\n"})
    assert await desk.up("--repo", "acme/code") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["ready"], said["documents"], said["revision"]) == (True, 0, 1)


@pytest.mark.parametrize("place", ["/repos/", "/git/trees/"])
async def test_a_run_that_is_ended_before_it_is_ready_says_so_by_its_exit_code(
    desk: Desk, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    await desk.host("acme/docs", {"docs/a.md": b"# A\n"})
    silence = Silence(asyncio.Event())
    desk.fake.faults.add(Fault(on=place, effect=silence))
    handler = signal.getsignal(signal.SIGINT)

    async def interrupt() -> None:
        await silence.arrived.wait()
        os.kill(os.getpid(), signal.SIGINT)

    # GitHub stays silent: a request under way would hold up the end for its whole 15 seconds.
    async with asyncio.timeout(10):
        interrupting = asyncio.create_task(interrupt())
        assert await desk.up("--repo", "acme/docs") == 130
        await interrupting
    silence.until.set()
    assert capsys.readouterr().out == ""
    assert signal.getsignal(signal.SIGINT) is handler
    assert (desk.root / "data" / "secrets.json").exists() == (place == "/git/trees/")


async def test_another_repository_of_the_same_name_is_not_taken_for_the_first(desk: Desk) -> None:
    await desk.host("acme/docs", {"a.md": b"# A\n"})
    await desk.host("other/docs", {"b.md": b"# B\n"})
    assert await desk.up("--repo", "acme/docs") == 0
    assert await desk.fail("--repo", "other/docs") == ("project_exists", 1)
    assert await desk.up("--repo", "other/docs", "--name", "other-docs") == 0


async def test_a_folder_under_the_name_of_another_is_refused(desk: Desk) -> None:
    for place in ("one/docs", "two/docs"):
        (desk.root / place).mkdir(parents=True)
    assert await desk.up("--folder", "one/docs") == 0
    assert await desk.fail("--folder", "two/docs") == ("project_exists", 1)


async def test_a_name_and_a_glob_that_cannot_be_used(desk: Desk) -> None:
    (desk.root / "docs").mkdir()
    assert await desk.fail("--folder", "docs", "--name", "a/b") == ("project_name_invalid", 1)
    assert await desk.fail("--folder", "docs", "--include", "a[") == ("bad_glob", 2)


@pytest.mark.parametrize("option", ["--http", "--mcp"])
async def test_a_port_that_is_taken_is_said_before_anything_starts(desk: Desk, option: str) -> None:
    (desk.root / "docs").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        assert await desk.fail("--folder", "docs", option, where) == ("port_taken", 5)
    assert not (desk.root / "data" / "secrets.json").exists()


async def test_an_address_that_is_none_or_not_ours(desk: Desk) -> None:
    (desk.root / "docs").mkdir()
    assert await desk.fail("--folder", "docs", "--http", "8700") == ("settings_invalid", 2)
    assert await desk.fail("--folder", "docs", "--http", "192.0.2.1:0") == ("address_unavailable", 2)


async def test_a_data_directory_that_cannot_be_made(desk: Desk) -> None:
    (desk.root / "docs").mkdir()
    (desk.root / "file").write_text("x")
    below = str(desk.root / "file/data")
    assert await desk.fail("--folder", "docs", "--data-dir", below) == ("data_directory_unusable", 2)


async def test_every_bad_setting_is_named_at_once(desk: Desk) -> None:
    desk.set(poll_seconds="0", sync_concurrency="many")
    with pytest.raises(SyncdError, match=r"2 settings are wrong: SYNCD_POLL_SECONDS.*SYNCD_SYNC_CONCURRENCY") as caught:
        await desk.up("--folder", ".")
    assert caught.value.exit_code == 2


def change_url(url: str, *, password: str | None = None, query: str | None = None, path: str | None = None) -> str:
    parts = urlsplit(url)
    old = parts.password or ""
    return urlunsplit(
        parts._replace(
            netloc=parts.netloc.replace(old, password) if password else parts.netloc,
            query=parts.query if query is None else query,
            path=parts.path if path is None else path,
        )
    )


async def test_a_database_that_refuses_is_away_or_does_not_exist(desk: Desk, closed_port: int) -> None:
    (desk.root / "docs").mkdir()
    url = desk.database.migrator_url
    for bad, expected in (
        (change_url(url, password="wrong"), ("database_password_refused", 1)),
        (change_url(url, path="/absent"), ("database_missing", 1)),
        (f"postgresql://syncd:x@127.0.0.1:{closed_port}/syncd", ("database_unreachable", 4)),
        (change_url(url, query=f"host={desk.root}"), ("database_unreachable", 4)),
        ("postgresql://syncd:x@127.0.0.1:port/syncd", ("database_url_invalid", 2)),
    ):
        desk.set(database_url=bad)
        assert await desk.fail("--folder", "docs") == expected


async def test_a_redis_that_is_away_or_refuses(desk: Desk, closed_port: int) -> None:
    (desk.root / "docs").mkdir()
    (desk.root / "docs/a.md").write_text("# A\n")
    desk.set(redis_url=f"redis://127.0.0.1:{closed_port}/0")
    assert await desk.fail("--folder", "docs") == ("redis_unreachable", 4)
    desk.set(redis_url=change_url(desk.redis_url, password="wrong"))
    assert await desk.fail("--folder", "docs") == ("redis_password_refused", 1)


@pytest.mark.parametrize(("version", "accepted"), [((14, 19), False), ((15, 0), True), ((18, 1), True)])
def test_a_database_older_than_fifteen_is_refused_with_the_way_out(version: tuple[int, int], accepted: bool) -> None:
    class Server:
        def get_server_version(self) -> asyncpg.ServerVersion:
            return asyncpg.ServerVersion(*version, 0, "final", 0)

    if accepted:
        require_recent_server(Server())
        return
    with pytest.raises(Stalled, match=r"Postgres 14\.19; syncd needs 15") as caught:
        require_recent_server(Server())
    assert (caught.value.code, caught.value.exit_code) == ("database_too_old", 1)
    assert "SYNCD_DATABASE_URL" in caught.value.hint
