"""`syncd doctor`: each part is broken in turn, and the check that looks at it says so, with what to do."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.binaries import find_redis
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.encryption import make_master_key
from syncd.adapters.redis.locks import list_holders, open_redis_client
from syncd.cli.arguments import make_parser
from syncd.cli.doctor import doctor_command
from syncd.cli.projects import add_command
from tests.databases import Database
from tests.environment import clear_environment
from tests.fakegithub.callers import Caller
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import DEADLINE_SECONDS, fetch
from tests.mirror import Mirror, open_mirror

TOKEN = "ghp_canary0123456789"


@dataclass(frozen=True, slots=True)
class Ward:
    """An installation with one project at GitHub, as a person at the command line has it."""

    fake: FakeGitHub
    repository: HostedRepository
    caller: Caller
    mirror: Mirror
    database: Database
    redis_url: str
    environment: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    hook_url: str

    async def ask(self, *words: str, code: int = 0) -> list[dict[str, str]]:
        """Return what doctor finds; it ends with *code*."""
        self.capture.readouterr()
        assert await doctor_command(make_parser().parse_args(["doctor", "--json", *words])) == code
        said = self.capture.readouterr()
        assert TOKEN not in said.out + said.err
        document = json.loads(said.out)
        assert document["healthy"] == (code == 0)
        items: list[dict[str, str]] = document["items"]
        return items

    async def find(self, check: str, *words: str, code: int = 0) -> Sequence[tuple[str, str]]:
        """Return level and message of what one check finds; what is not in order says what to do."""
        found = [item for item in await self.ask(*words, code=code) if item["check"] == check]
        assert all(item["hint"] for item in found if item["level"] != "ok")
        return [(item["level"], item["message"]) for item in found]

    async def run_sql(self, statement: str) -> None:
        await fetch(self.database.migrator_url, statement)

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self.environment.setenv(f"SYNCD_{name.upper()}", value)


@pytest_asyncio.fixture
async def ward(
    database: Database,
    redis_server: RedisServer,
    closed_port: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> AsyncIterator[Ward]:
    clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    hook_url = f"http://127.0.0.1:{closed_port}/webhooks/github"
    async with open_fake_github() as fake, open_mirror(database, redis_server, tenant="default") as mirror:
        git = GitRepository.create(tmp_path / "handbook.git")
        caller = fake.add_token(TOKEN)
        fake.hooks.managers.add(caller.name)
        repository = await fake.add_repository("acme/handbook", git)
        made = Ward(fake, repository, caller, mirror, database, redis_server.url, monkeypatch, capsys, hook_url)
        made.set(
            data_dir=str(tmp_path / "data"),
            sync_database_url=database.sync_url,
            web_database_url=database.web_url,
            read_database_url=database.read_url,
            redis_url=redis_server.url,
            github_api_url=fake.url,
            github_token=TOKEN,
            master_keys=f"k1:{make_master_key()}",
        )
        await add_command(make_parser().parse_args(["project", "add", "--json", "--repo", "acme/handbook"]))
        yield made


async def test_an_installation_in_order_is_said_so(ward: Ward) -> None:
    found = await ward.ask()
    assert {item["level"] for item in found if item["check"] not in {"postgres", "redis"}} == {"ok"}
    assert {item["check"] for item in found} == {
        *("master keys", "postgres", "schema", "policies", "roles", "redis", "locks", "projects", "tokens", "webhooks")
    }
    (tokens,) = [item["message"] for item in found if item["check"] == "tokens"]
    assert "handbook asks with the server's token" in tokens
    assert "of 5000 requests left" in tokens


async def test_people_get_a_table(ward: Ward) -> None:
    ward.capture.readouterr()
    assert await doctor_command(make_parser().parse_args(["doctor"])) == 0
    assert "All" in ward.capture.readouterr().out


async def test_a_schema_that_lacks_a_migration_is_bad(ward: Ward) -> None:
    await ward.run_sql(
        "delete from syncd.schema_migrations where number = (select max(number) from syncd.schema_migrations) returning 1"
    )
    ((level, message),) = await ward.find("schema", code=1)
    assert (level, message.startswith("The schema lacks 1 migration")) == ("bad", True)


@pytest.mark.parametrize(
    "opened",
    [
        "alter table syncd.documents no force row level security",
        "alter table syncd.documents disable row level security",
        "create table syncd.leak (tenant_id uuid)",
    ],
)
async def test_a_table_that_is_open_to_other_tenants_is_bad(ward: Ward, opened: str) -> None:
    await ward.run_sql(opened)
    ((level, message),) = await ward.find("policies", code=1)
    assert level == "bad"
    assert ("leak" if "leak" in opened else "documents") in message


async def test_a_login_that_may_more_than_its_service_is_bad(ward: Ward) -> None:
    ward.set(read_database_url=ward.database.migrator_url)
    found = await ward.find("roles", code=1)
    assert [level for level, _ in found] == ["ok", "ok", "bad"]
    assert "is a superuser" in found[2][1]
    ward.set(read_database_url=ward.database.web_url)
    assert "is no member of syncd_read" in (await ward.find("roles", code=1))[2][1]


async def test_what_is_not_set_here_is_said_to_be_unseen(ward: Ward) -> None:
    for name in ("SYNC_DATABASE_URL", "READ_DATABASE_URL", "MASTER_KEYS"):
        ward.environment.delenv(f"SYNCD_{name}")
    found = await ward.ask()
    assert [item["check"] for item in found if item["level"] == "warn"] == ["master keys", "roles", "roles", "tokens"]


async def test_a_server_that_does_not_answer_is_bad_and_the_rest_is_looked_at(ward: Ward, closed_port: int) -> None:
    ward.set(redis_url=f"redis://127.0.0.1:{closed_port}/0")
    found = await ward.ask(code=1)
    assert [item["check"] for item in found if item["level"] == "bad"] == ["redis", "locks"]
    assert any(item["check"] == "tokens" and item["level"] == "ok" for item in found)
    ward.set(web_database_url=f"postgresql://a:b@127.0.0.1:{closed_port}/c")
    (only,) = await ward.ask(code=1)
    assert (only["check"], only["level"]) == ("setup", "bad")


async def test_a_redis_that_throws_locks_away_is_bad(ward: Ward, tmp_path: Path) -> None:
    binary = await find_redis(None)
    place = tmp_path / "r.sock"
    settings = ("--port", "0", "--unixsocket", str(place), "--save", "", "--maxmemory-policy", "allkeys-lru")
    server = await asyncio.create_subprocess_exec(
        binary.program, *settings, stdout=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    try:
        assert server.stdout is not None
        async with asyncio.timeout(DEADLINE_SECONDS):
            while b"eady to accept connections" not in await server.stdout.readline():
                pass
        ward.set(redis_url=f"unix://{place}")
        found = await ward.find("redis", code=1)
    finally:
        server.kill()
        await server.wait()
    assert [level for level, _ in found if level != "warn"][-1] == "bad"
    assert "allkeys-lru" in found[-1][1]


async def test_a_freeze_that_redis_does_not_show_is_seen_and_put_right(ward: Ward) -> None:
    freeze = "freeze_id = gen_random_uuid(), frozen_by = 'Ann', frozen_at = now() - interval '1 hour', freeze_reason = 'a release'"
    await ward.run_sql(f"update syncd.project_leases set {freeze} returning 1")  # noqa: S608 - fixed text
    ((level, message),) = await ward.find("locks")
    assert (level, "Redis does not show it" in message) == ("warn", True)
    ((level, message),) = await ward.find("locks", "--fix")
    assert (level, "Put right." in message) == ("ok", True)
    (row,) = await fetch(ward.database.migrator_url, "select project_id from syncd.projects")
    async with open_redis_client(ward.redis_url) as redis:
        assert (await list_holders(redis, [row["project_id"]]))[row["project_id"]].kind == "freeze"
    assert await ward.find("locks") == [("ok", "Redis shows what Postgres says.")]


async def test_a_project_that_waits_for_a_person_and_a_folder_that_is_gone_are_said(ward: Ward, tmp_path: Path) -> None:
    await ward.run_sql("update syncd.projects set condition = 'stalled', message = 'Gone.', hint = 'Look.' returning 1")
    assert await ward.find("projects") == [("warn", "handbook: Gone.")]
    folder = tmp_path / "guide"
    folder.mkdir()
    ward.set(folder_roots=str(tmp_path))
    await add_command(make_parser().parse_args(["project", "add", "--json", "--folder", str(folder)]))
    assert await ward.find("folders") == []
    folder.rmdir()
    ((level, message),) = await ward.find("folders", code=1)
    assert (level, message) == ("bad", f"guide: there is no folder {folder}.")
    folder.mkdir()
    ward.set(folder_roots=str(tmp_path / "elsewhere"))
    assert [level for level, _ in await ward.find("folders", code=1)] == ["bad", "bad"]


async def test_a_token_that_is_refused_ends_soon_or_is_used_up_is_said(ward: Ward) -> None:
    ward.caller.expires = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d %H:%M:%S} UTC"
    ward.caller.scopes = "repo"
    ((level, message),) = await ward.find("tokens")
    assert (level, "classic, scopes repo" in message, "expires on" in message) == ("warn", True, True)
    ward.caller.expires = f"{datetime.now(UTC) + timedelta(days=300):%Y-%m-%d %H:%M:%S} +0000"
    ((level, message),) = await ward.find("tokens")
    assert (level, "good until" in message) == ("ok", True)
    ward.caller.used = 4900
    ((level, message),) = await ward.find("tokens")
    assert (level, "100 of 5000 requests left" in message) == ("warn", True)
    ward.fake.revoke_token(TOKEN)
    ((level, message),) = await ward.find("tokens", code=1)
    assert (level, "wrong, expired or revoked" in message) == ("bad", True)


async def test_a_sealed_token_that_this_key_does_not_open_is_bad(ward: Ward) -> None:
    ward.environment.setenv("OWN", "ghp_of_its_own_0123456789")
    ward.fake.add_token("ghp_of_its_own_0123456789")
    words = ["project", "add", "--json", "--repo", "acme/handbook", "--name", "own", "--token-env", "OWN"]
    await add_command(make_parser().parse_args(words))
    ward.set(master_keys=f"k2:{make_master_key()}")
    found = await ward.find("tokens", code=1)
    assert [level for level, _ in found] == ["ok", "bad"]
    assert found[1][1].startswith("own: ")


async def test_deliveries_that_did_not_arrive_are_seen_and_asked_for_again(ward: Ward) -> None:
    ward.set(webhook_url=ward.hook_url, webhook_secrets="a secret of many letters")
    ((level, message),) = await ward.find("webhooks")
    assert (level, "has no webhook" in message) == ("warn", True)
    hook = ward.fake.hooks.add(
        ward.repository.number, ward.hook_url, content_type="json", secret="a secret of many letters", events=["push"]
    )
    assert await ward.find("webhooks") == [("ok", "The last 0 deliveries of acme/handbook arrived.")]
    for _ in range(2):
        await ward.fake.hooks.send(hook, ward.fake.make_push(ward.repository, "1" * 40))
    ((level, message),) = await ward.find("webhooks")
    assert (level, "2 of the last 2 deliveries" in message) == ("warn", True)
    ((level, message),) = await ward.find("webhooks", "--fix")
    assert (level, "asked to send them again" in message) == ("ok", True)
    assert [sent.redelivery for sent in hook.sent] == [False, False, True, True]
    assert len({sent.sending.guid for sent in hook.sent}) == 2
    ward.fake.hooks.managers.clear()
    ((level, message),) = await ward.find("webhooks")
    assert (level, message.startswith("Not looked at: ")) == ("ok", True)
