"""No token, key, or signed word ever stands in a URL, a log, an error, the status, an argument, Redis, or Postgres in clear."""

# ruff: noqa: S608 - table names come from Postgres' own catalogue

import base64
import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.encryption import make_master_key, parse_key_ring
from syncd.adapters.github.app import GitHubApp, open_github_app
from syncd.adapters.github.app_key import AppKey, load_app_key
from syncd.adapters.github.statuses import post_commit_status
from syncd.adapters.redis.budgets import SharedBudgets
from syncd.adapters.redis.locks import Identity, ProjectLocks, RedisClient, open_redis_client
from syncd.core.budgets import Rules
from syncd.core.commit_statuses import CommitState, CommitStatus
from syncd.core.findings import Finding, Level
from syncd.core.projects import NewProject, Project
from syncd.core.sources import EntryKind
from syncd.errors import SyncdError
from syncd.services.budgets import Budgets
from syncd.services.connecting import Connecting, complete_setup, make_setup_link
from syncd.services.credentials import Credentials, ServerCredentials
from syncd.services.doctor import Patient
from syncd.services.doctor_github import check_tokens, check_webhooks
from syncd.services.projects import Shelf, create_project
from syncd.services.sources import FolderAccess, GitHubAccess, Sources
from syncd.services.status import get_status
from syncd.services.status_document import make_status_document
from tests.databases import Database
from tests.fakegithub.app_keys import make_app_keys
from tests.fakegithub.apps import App
from tests.fakegithub.faults import Answer, CutBody, Fault
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.limits import slow_down
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import Clock, fetch
from tests.mirror import Mirror, open_mirror

PRIVATE, PUBLIC = make_app_keys()
OWN_TOKEN = "github_pat_canary0own0123456789"
SERVER_TOKEN = "ghp_canary0server0123456789"
TROUBLES = (
    Answer(401, body=b'{"message": "Bad credentials"}'),
    Answer(403, body=b'{"message": "Resource not accessible"}'),
    Answer(404, body=b"{}"),
    Answer(500),
    Answer(200, body=b"not what was asked"),
    CutBody(keep_bytes=2),
    slow_down(retry_after=1),
)
TARGETS = ("/commits/", "/blobs/", "/installation$", "/access_tokens$", "/statuses/")


@dataclass(frozen=True, slots=True)
class Scene:
    """A tenant with three projects: by a token of its own, by the App, and by the server's token."""

    fake: FakeGitHub
    hosted: App
    app: GitHubApp
    access: GitHubAccess
    shelf: Shelf
    mirror: Mirror
    redis: RedisClient
    projects: list[Project]
    jwts: list[str]

    def list_secrets(self) -> list[str]:
        """Return every canary: what must be found nowhere."""
        body = "".join(PRIVATE.splitlines()[1:-1])
        minted = [one.token for one in self.hosted.minted]
        signatures = [one.rpartition(".")[2] for one in self.jwts]
        return [OWN_TOKEN, SERVER_TOKEN, body[200:260], *minted, *self.jwts, *signatures]


@pytest_asyncio.fixture
async def scene(
    tmp_path: Path, database: Database, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    git, jwts, sign = GitRepository.create(tmp_path / "book.git"), list[str](), AppKey.make_token
    git.add_commit({"docs/index.md": b"# Start\n"})

    def overhear(key: AppKey, *, now: float) -> str:
        jwts.append(sign(key, now=now))
        return jwts[-1]

    monkeypatch.setattr(AppKey, "make_token", overhear)
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(open_fake_github())
        numbers = {}
        for name in ("own", "installed", "served"):
            numbers[name] = await fake.add_repository(f"acme/{name}", git, private=True)
        for token, name in ((OWN_TOKEN, "acme/own"), (SERVER_TOKEN, "acme/served")):
            fake.add_token(token, reads=[name]).tells = True
        hosted = fake.add_app(PUBLIC)
        hosted.permissions["statuses"] = "write"
        installation = hosted.install("acme", [numbers["installed"]])
        mirror = await stack.enter_async_context(open_mirror(database, redis_server))
        redis = await stack.enter_async_context(open_redis_client(redis_server.url))
        key_ring = parse_key_ring(f"k1:{make_master_key()}")
        app = await stack.enter_async_context(
            open_github_app(api_url=fake.url, key=load_app_key(hosted.number, PRIVATE))
        )
        connecting = Connecting(mirror.web_pool, app, key_ring, Clock())
        state = (await make_setup_link(connecting, mirror.tenant_id, "acme")).url.partition("state=")[2]
        await complete_setup(connecting, state, installation.number)
        shelf = Shelf(mirror.web_pool, mirror.tenant_id, key_ring, Clock())
        projects = [
            await create_project(
                shelf,
                NewProject(name, "github", repository=f"acme/{name}", repository_id=repository.number),
                token=OWN_TOKEN if name == "own" else None,
            )
            for name, repository in numbers.items()
        ]
        access = GitHubAccess(fake.url, SERVER_TOKEN, ("acme",), app)
        yield Scene(fake, hosted, app, access, shelf, mirror, redis, projects, jwts)


async def look_at_everything(scene: Scene) -> list[str]:
    """Read every project whole, then meet each trouble; return all that the errors say, with their traces."""
    said: list[str] = []
    rules = Rules(reserve_share=0)
    # First all goes well; then each trouble strikes each kind of request.
    strikes = [None, *(Fault(on=on, effect=trouble) for trouble in TROUBLES for on in TARGETS)]
    for strike in strikes:
        # A pause of one trouble must not keep the next from being met: each has budgets of its own.
        budgets = Budgets(None, rules, clock=lambda: datetime.now(UTC).timestamp())
        async with open_sources(scene, budgets) as sources:
            for project in scene.projects:
                if strike is not None:
                    scene.fake.faults.add(strike)
                try:
                    await read(sources, project)
                except SyncdError as error:
                    said += [error.message, error.hint, repr(error), *traceback.format_exception(error)]
                scene.fake.faults.clear()
    assert len(said) > 3 * len(strikes)
    return said


def open_sources(scene: Scene, budgets: Budgets) -> Sources:
    return Sources(
        scene.mirror.pool,
        github=scene.access,
        folders=FolderAccess(roots=None, excluded=()),
        key_ring=scene.shelf.key_ring,
        max_bytes=1000,
        budgets=budgets,
    )


async def read(sources: Sources, project: Project) -> None:
    async with sources.open(project) as source:
        head = await source.find_head(None)
        assert head is not None
        entries = await source.list_entries(await source.get_docs_tree(head))
        wanted = [entry for entry in entries if entry.kind is EntryKind.FILE]
        assert [blob.content async for blob in source.read_blobs(wanted)]
    status = CommitStatus(head.commit or "", "syncd", CommitState.SUCCESS, "docs synced", "mark")
    async with sources.open_telling(project) as client:
        await post_commit_status(client, project.repository_id or 0, status, target_url=None, name=project.origin)


async def dump_database(url: str) -> str:
    """Return every row of every table as text: bytes as Postgres writes them, in hexadecimal."""
    tables = await fetch(
        url,
        "select format('%I', relname) as name from pg_class where relnamespace = 'syncd'::regnamespace and relkind = 'r'",
    )
    rows = [
        row
        for table in tables
        for row in await fetch(url, f"select to_jsonb(t)::text as row from syncd.{table['name']} t")
    ]
    return "\n".join(row["row"] for row in rows)


async def dump_redis(redis: Redis) -> str:
    parts: list[str] = []
    async for key in redis.scan_iter("syncd:*"):
        match await redis.type(key):
            case "hash":
                parts.append(repr(await redis.hgetall(key)))
            case "string":
                parts.append(repr(await redis.get(key)))
            case "zset":
                parts.append(repr(await redis.zrange(key, 0, -1)))
        parts.append(key)
    return "\n".join(parts)


def list_forms(secret: str) -> list[str]:
    """Return a secret as it is, in hexadecimal, and in base64."""
    return [secret, secret.encode().hex(), base64.b64encode(secret.encode()).decode().rstrip("=")]


async def examine_everything(scene: Scene, redis_server: RedisServer) -> list[Finding]:
    """Return what doctor finds of tokens and webhooks: first all is well, then GitHub refuses and breaks off."""
    access = scene.access
    server = ServerCredentials(api_url=access.api_url, find_token=access.find_token, app=access.app)
    credentials = Credentials(scene.mirror.pool, server, key_ring=scene.shelf.key_ring, clock=Clock())
    async with open_redis_client(redis_server.url) as redis:
        patient = Patient(
            logins={},
            web_pool=scene.mirror.web_pool,
            migrations=(),
            redis=redis,
            locks=ProjectLocks(redis, Identity("tester", "localhost"), lease_seconds=30),
            lease_seconds=30,
            credentials=credentials,
            api_url=access.api_url,
            hook_url="http://127.0.0.1/webhooks/github",
            folder_roots=None,
            has_master_keys=True,
            clock=Clock(),
            fix=True,
        )
        found: list[Finding] = []
        for trouble in (None, *TROUBLES):
            if trouble is not None:
                scene.fake.faults.add(Fault(on="/rate_limit|/hooks", effect=trouble, times=None))
            for check in (check_tokens, check_webhooks):
                found += await check(patient)
            scene.fake.faults.clear()
    return found


async def test_no_secret_is_anywhere(
    scene: Scene, database: Database, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        said = await look_at_everything(scene)
        examined = await examine_everything(scene, redis_server)
    shared = Budgets(SharedBudgets(scene.redis, Rules()), Rules(), clock=lambda: datetime.now(UTC).timestamp())
    async with open_sources(scene, shared) as sources:
        for project in scene.projects:
            await read(sources, project)
    status = await get_status(
        scene.mirror.web_pool, scene.redis, scene.mirror.tenant_id, project_ids=None, now=datetime.now(UTC)
    )
    assert status.known.budgets is not None
    assert {one.level for one in examined if one.check == "tokens"} == {Level.OK, Level.BAD}
    assert {one.kind for one in status.known.budgets} == {"project_token", "installation", "server_token"}
    places = {
        "errors": "\n".join(said),
        "logs": "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records),
        "urls": "\n".join(f"{request.path}?{request.query}" for request in scene.fake.requests),
        "status": f"{make_status_document(status)} {status}",
        "doctor": f"{examined}",
        "values": f"{scene.access} {scene.app} {scene.projects} {scene.shelf.key_ring}",
        "arguments": Path("/proc/self/cmdline").read_text(),
        "database": await dump_database(database.migrator_url),
        "redis": await dump_redis(scene.redis),
    }
    assert len(scene.hosted.minted) > 2
    assert len(scene.jwts) > 4
    found = [
        (place, secret[:12])
        for place, text in places.items()
        for secret in scene.list_secrets()
        for form in list_forms(secret)
        if form in text
    ]
    assert found == []


async def test_the_places_are_really_looked_at(scene: Scene, database: Database) -> None:
    """Without this, the test above would hold for a search that finds nothing."""
    await look_at_everything(scene)
    dump = await dump_database(database.migrator_url)
    assert "acme/installed" in dump
    assert str(scene.mirror.tenant_id) in dump
    assert await scene.redis.set("syncd:canary-probe", OWN_TOKEN, ex=5)
    assert OWN_TOKEN in await dump_redis(scene.redis)
    await scene.redis.delete("syncd:canary-probe")
