"""From a push at GitHub to a document, by webhooks over real sockets: at once, through two daemons, and through every mishap."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import open_pool
from syncd.adapters.redis.locks import open_redis_client
from syncd.core.projects import NewProject, Project
from tests.databases import Database
from tests.end_to_end.daemons import Watch, make_settings, open_daemon, open_watch
from tests.environment import clear_environment
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.hooks import FakeHook, Mishaps, Sending
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.mirror import Mirror, open_mirror
from tests.web.deliveries import open_endpoint

TOKEN = "ghp_canary0123456789"
SECRET = "the secret of these webhooks"
VISIBLE_SECONDS = 5
CAMPAIGN_SECONDS = 60
IN_FLIGHT = 16
PROJECTS = 20
MOVES = 5
UNANNOUNCED = 5  # projects whose last push is delivered by nobody
MISHAPS = Mishaps(lost=0.2, doubled=0.2, forged=0.05, shuffled=True)


@dataclass(slots=True)
class Mirrored:
    """One repository at the fake, and the project that mirrors it. *waiting* are commits that are not pushed yet."""

    git: GitRepository
    repository: HostedRepository
    project: Project
    hooks: Sequence[FakeHook]
    waiting: list[str]
    head: str = ""

    def push(self) -> str:
        """Move the branch to the next commit."""
        self.head = self.waiting.pop(0)
        self.git.set_branch("main", self.head)
        return self.head


@dataclass(slots=True)
class World:
    """A fake GitHub, a tenant, and what of the one is mirrored into the other."""

    fake: FakeGitHub
    mirror: Mirror
    watch: Watch
    directory: Path
    mirrored: list[Mirrored] = field(default_factory=list)

    async def add(self, name: str, *urls: str, commits: int = 2) -> Mirrored:
        """Add a project of a repository with *commits*, the first of them pushed, and webhooks to *urls*."""
        git = GitRepository.create(self.directory / f"{name}.git")
        waiting = [
            git.add_commit({"docs/page.md": f"# {name}\n\nVersion {number} of the page.\n".encode()}, branch="written")
            for number in range(commits)
        ]
        repository = await self.fake.add_repository(f"acme/{name}", git)
        hooks = [
            self.fake.hooks.add(
                repository.number, f"{url}/webhooks/github", content_type="json", secret=SECRET, events=["push"]
            )
            for url in urls
        ]
        git.set_branch("main", waiting[0])
        new = NewProject(name, "github", repository=f"acme/{name}", repository_id=repository.number)
        added = Mirrored(git, repository, await self.mirror.add_project(new), hooks, waiting)
        added.push()
        self.mirrored.append(added)
        return added

    async def is_exact(self) -> bool:
        """Return whether every project is at its head."""
        rows = await self.watch.connection.fetch("select project_id, synced_commit from syncd.projects")
        synced = {row["project_id"]: row["synced_commit"] for row in rows}
        return all(synced[one.project.project_id] == one.head for one in self.mirrored)

    async def is_quiet(self) -> bool:
        """Return whether no project is due or being looked at."""
        return not await self.watch.connection.fetchval(
            "select count(*) from syncd.sync_queue where due_at < now() + interval '1 hour'"
        )

    async def poll(self) -> None:
        """Let the time of every project's poll come."""
        await self.watch.connection.execute("update syncd.sync_queue set due_at = now()")
        await self.watch.connection.execute("notify syncd_due")

    async def list_stored(self) -> set[str]:
        """Return the ids of the deliveries that were taken in."""
        rows = await self.watch.connection.fetch("select delivery_id from syncd.webhook_deliveries")
        return {row["delivery_id"] for row in rows}


@pytest_asyncio.fixture
async def world(
    database: Database, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    async with (
        open_fake_github() as fake,
        open_mirror(database, redis_server) as mirror,
        open_watch(database) as watch,
    ):
        fake.add_token(TOKEN).limit = 1_000_000
        yield World(fake, mirror, watch, tmp_path)


@asynccontextmanager
async def open_daemons(
    world: World, database: Database, redis_server: RedisServer, *, count: int = 1
) -> AsyncIterator[Sequence[str]]:
    """Run *count* daemons over one database and one Redis, and yield the URLs of their endpoints."""
    settings = make_settings(
        database,
        redis_server,
        github_api_url=world.fake.url,
        github_token=TOKEN,
        github_token_tenants="acme",
        webhook_secrets=f"the secret before it,{SECRET}",
    )
    async with AsyncExitStack() as daemons:
        yield [await daemons.enter_async_context(open_daemon(settings)) for _ in range(count)]


async def test_a_push_is_visible_without_waiting_for_the_poll(
    world: World, database: Database, redis_server: RedisServer
) -> None:
    async with open_daemons(world, database, redis_server) as urls:
        handbook = await world.add("handbook", *urls)
        await world.watch.wait_until(world.is_exact, seconds=VISIBLE_SECONDS)
        await world.watch.wait_until(world.is_quiet, seconds=VISIBLE_SECONDS)
        sent = await world.fake.hooks.send(
            handbook.hooks[0], world.fake.make_push(handbook.repository, handbook.push())
        )
        assert sent.status_code == 202
        await world.watch.wait_until(world.is_exact, seconds=VISIBLE_SECONDS)
    documents = await world.mirror.read_documents(handbook.project)
    assert documents == {"docs/page.md": b"# handbook\n\nVersion 1 of the page.\n"}


async def test_a_push_that_arrives_at_one_daemon_wakes_the_other(
    world: World, database: Database, redis_server: RedisServer
) -> None:
    async with open_daemons(world, database, redis_server) as working:
        handbook = await world.add("handbook")
        await world.watch.wait_until(world.is_exact, seconds=VISIBLE_SECONDS)
        await world.watch.wait_until(world.is_quiet, seconds=VISIBLE_SECONDS)
        async with open_endpoint_of(database, redis_server) as url:
            hook = world.fake.hooks.add(
                handbook.repository.number, url, content_type="form", secret=SECRET, events=["push"]
            )
            push = world.fake.make_push(handbook.repository, handbook.push())
            assert (await world.fake.hooks.send(hook, push)).status_code == 202
            await world.watch.wait_until(world.is_exact, seconds=VISIBLE_SECONDS)
        assert working


@asynccontextmanager
async def open_endpoint_of(database: Database, redis_server: RedisServer) -> AsyncIterator[str]:
    """Serve an endpoint without a loop, as a daemon does whose loop is busy, and yield where it takes deliveries."""
    async with (
        open_pool(database.web_url, size=1) as pool,
        open_redis_client(redis_server.url) as redis,
        open_endpoint(pool, redis, secrets=[SECRET.encode()]) as client,
    ):
        yield f"{client.url}/webhooks/github"


@pytest.mark.parametrize(
    ("deliveries", "seed"),
    [pytest.param(1_000, 1, id="quick"), pytest.param(10_000, 2, id="full", marks=pytest.mark.full)],
)
async def test_no_mishap_of_deliveries_leaves_a_wrong_mirror(
    world: World, database: Database, redis_server: RedisServer, deliveries: int, seed: int
) -> None:
    random = Random(seed)
    async with open_daemons(world, database, redis_server, count=2) as urls:
        for number in range(PROJECTS):
            await world.add(f"docs-{number}", *urls, commits=2 + MOVES)
        targets = [one for one in world.mirrored for _ in range(deliveries // PROJECTS)]
        honest = {world.fake.make_push(one.repository, one.waiting[-1]): one for one in targets}
        sendings = MISHAPS.strike(list(honest), random)
        forged = {sending.guid for sending in sendings if sending.secret is not None}
        owners = {sending.guid: one for sending, one in honest.items()}
        moves = [one for one in world.mirrored for _ in range(MOVES)]
        random.shuffle(moves)
        statuses = await send_all(world, sendings, owners, moves, random)
        await world.watch.wait_until(world.is_quiet, seconds=CAMPAIGN_SECONDS)
        for one in world.mirrored[:UNANNOUNCED]:
            one.push()
        assert not await world.is_exact()
        await world.poll()
        await world.watch.wait_until(world.is_exact, seconds=CAMPAIGN_SECONDS)
    assert moves == []
    stored = await world.list_stored()
    assert stored & forged == set()
    assert stored == {sending.guid for sending in sendings} - forged
    assert statuses == {"forged": {401}, "honest": {202}}
    for one in world.mirrored:
        assert await world.mirror.read_documents(one.project) == {
            "docs/page.md": one.git.list_tree(one.head)["docs/page.md"].content
        }


async def send_all(
    world: World,
    sendings: Sequence[Sending],
    owners: Mapping[str, Mirrored],
    moves: list[Mirrored],
    random: Random,
) -> dict[str, set[int]]:
    """Send everything, some at once, to one daemon or the other, while heads move; return the answers by honesty."""
    statuses: dict[str, set[int]] = {"forged": set(), "honest": set()}
    every = max(1, len(sendings) // (len(moves) + 1))
    for start in range(0, len(sendings), IN_FLIGHT):
        batch = sendings[start : start + IN_FLIGHT]
        while moves and (start + IN_FLIGHT) // every > MOVES * PROJECTS - len(moves):
            moves.pop().push()
        sent = await asyncio.gather(
            *(world.fake.hooks.send(random.choice(choose_owner(world, owners, one).hooks), one) for one in batch)
        )
        for one in sent:
            statuses["forged" if one.sending.secret else "honest"].add(one.status_code)
    while moves:
        moves.pop().push()
    return statuses


def choose_owner(world: World, owners: Mapping[str, Mirrored], sending: Sending) -> Mirrored:
    """Return whose webhook sends; a forged delivery comes to anybody's address."""
    return owners.get(sending.guid, world.mirrored[0])
