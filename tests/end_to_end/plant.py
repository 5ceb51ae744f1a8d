"""A daemon as a process of its own, started as a service manager does, and the plant that it works on."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import open_connection, open_pool
from syncd.adapters.postgres.tenants import add_tenant
from syncd.adapters.redis.locks import list_holders, open_redis_client
from syncd.core.projects import Project
from syncd.services.projects import Shelf, create_project
from syncd.services.repositories import resolve_repository
from tests.databases import Database
from tests.end_to_end.running import START_SECONDS, make_environment
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import Clock

TOKEN = "ghp_canary0123456789"
NAME = "acme/handbook"


@dataclass(frozen=True, slots=True)
class Plant:
    """What a daemon works on: servers, a repository at GitHub, a project of it, and an ear for its revisions."""

    settings: dict[str, str]
    place: Path
    fake: FakeGitHub
    git: GitRepository
    shelf: Shelf
    heard: asyncio.Queue[str]
    redis_url: str

    async def add_project(self) -> Project:
        return await create_project(
            self.shelf, await resolve_repository(NAME, api_url=self.fake.url, token=TOKEN, name=None)
        )

    async def wait_for_revision(self, revision: int) -> None:
        async with asyncio.timeout(10):
            while not (await self.heard.get()).endswith(f":{revision}"):
                pass

    async def is_locked(self, project: Project) -> bool:
        async with open_redis_client(self.redis_url) as redis:
            return project.project_id in await list_holders(redis, [project.project_id])


class Daemon:
    """A running `syncd run`, and what it tells its service manager."""

    def __init__(self, process: asyncio.subprocess.Process, notices: asyncio.Queue[str]) -> None:
        self.process = process
        self._notices = notices

    async def wait_for(self, word: str) -> None:
        """Return when the service manager was told *word*."""
        async with asyncio.timeout(START_SECONDS):
            while word not in await self._notices.get():
                pass

    async def end(self, number: signal.Signals) -> int:
        """Send *number* and return the exit code."""
        self.process.send_signal(number)
        async with asyncio.timeout(START_SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def open_plant(database: Database, redis_server: RedisServer, place: Path) -> AsyncIterator[Plant]:
    """Open a plant of one tenant and one repository."""
    git = GitRepository.create(place / "handbook.git")
    git.add_commit({"docs/a.md": b"# A\n"})
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with (
        open_fake_github() as fake,
        open_connection(database.read_url) as connection,
        open_pool(database.web_url, size=2) as web_pool,
    ):
        fake.add_token(TOKEN)
        await fake.add_repository(NAME, git)
        await connection.add_listener("syncd_changes", lambda *notice: heard.put_nowait(str(notice[-1])))
        async with web_pool.acquire() as adding:
            tenant = await add_tenant(adding, "default")
        settings = {
            "SYNCD_SYNC_DATABASE_URL": database.sync_url,
            "SYNCD_WEB_DATABASE_URL": database.web_url,
            "SYNCD_REDIS_URL": redis_server.url,
            "SYNCD_GITHUB_API_URL": fake.url,
            "SYNCD_GITHUB_TOKEN": TOKEN,
            "SYNCD_DATA_DIR": str(place / "data"),
        }
        shelf = Shelf(web_pool, tenant.tenant_id, None, Clock())
        yield Plant(settings, place, fake, git, shelf, heard, redis_server.url)


@asynccontextmanager
async def running_daemon(plant: Plant) -> AsyncIterator[Daemon]:
    """Start `syncd run` as systemd does, and yield it when it says that it is ready."""
    notices: asyncio.Queue[str] = asyncio.Queue()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, (plant.place / "run.log").open("a") as log:
        path = plant.place / f"notify-{len(list(plant.place.iterdir()))}"
        manager.bind(str(path))
        manager.setblocking(False)
        loop = asyncio.get_running_loop()
        loop.add_reader(manager, lambda: notices.put_nowait(manager.recv(4096).decode()))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syncd", "run",
            cwd=plant.place,
            env=make_environment() | plant.settings | {"NOTIFY_SOCKET": str(path), "SYNCD_HTTP_LISTEN": "127.0.0.1:0"},
            stderr=log,
        )  # fmt: skip
        try:
            daemon = Daemon(process, notices)
            await daemon.wait_for("READY=1")
            yield daemon
        finally:
            if process.returncode is None:
                family = psutil.Process(process.pid).children(recursive=True)
                process.kill()
                await process.wait()
                _, alive = psutil.wait_procs(family, timeout=10)
                assert alive == []
            loop.remove_reader(manager)
