"""Who watches costs who syncs little: 200 readers of events and 100 requests a second while syncs run, on one processor.

The daemon is a process of its own, bound to one processor with everything it does (its parsing too); the servers, the readers
and the requests share the other. Syncs are of folders: the clock starts when a file is written, and stops at the time with
which its revision was published. Nothing may be dropped: each reader must end with the newest revision of each project, over
the one connection that it opened, and each request must be answered.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from syncd.adapters.embedded.postgres import open_postgres
from syncd.adapters.embedded.redis import open_redis
from syncd.adapters.postgres.connections import Pool, open_connection, open_pool
from syncd.adapters.postgres.migrations import list_migrations, run_migrations
from syncd.adapters.postgres.roles import Login, make_login_url, put_groups, put_logins
from syncd.adapters.postgres.tenants import add_tenant
from syncd.core.ids import TenantId
from syncd.services.keys import KeyRequest, create_key
from syncd.services.projects import Shelf, create_project, make_folder_project

FOLDERS = 4
PAGES = 50
TICK_SECONDS = 0.01  # a request each: a hundred a second
PATHS = (
    "/api/v1/projects",
    "/status",
    "/api/v1/projects/{id}",
    "/api/v1/projects/{id}/documents",
    "/api/v1/projects/{id}/lock",
)


@dataclass(frozen=True, slots=True)
class Ground:
    """A running daemon over folders: where it answers, who may ask, what it mirrors."""

    url: str
    keys: Sequence[str]
    folders: Sequence[Path]
    daemon: psutil.Process

    def read_work(self) -> tuple[float, float]:
        """Return the time, and how many seconds of processor the daemon has taken by now."""
        spent = self.daemon.cpu_times()
        return time.monotonic(), spent.user + spent.system


@dataclass(slots=True)
class Reader:
    """What one follower of the events has seen: the newest revision of each project."""

    revisions: dict[str, int] = field(default_factory=dict)
    published: dict[str, datetime] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    has_ended: bool = False

    async def follow(self, session: aiohttp.ClientSession, ground: Ground, key: str) -> None:
        """Read until cancelled; one connection, never a second."""
        headers = {"Authorization": f"Bearer {key}"}
        try:
            async with session.get(f"{ground.url}/events", headers=headers) as response:
                assert response.status == 200, await response.text()
                async for line in response.content:
                    if line.startswith(b"data: ") and b'"revision":' in line:
                        self.take(json.loads(line[6:]))
        finally:
            self.has_ended = True

    def take(self, project: dict[str, Any]) -> None:
        """Note a project's revision."""
        self.revisions[project["name"]] = project["revision"]
        if project["syncedAt"]:
            self.published[project["name"]] = datetime.fromisoformat(project["syncedAt"])
        self.news.set()

    async def wait_for(self, name: str, revision: int) -> datetime:
        """Return when *revision* was published."""
        async with asyncio.timeout(60):
            while self.revisions.get(name, 0) < revision:
                self.news.clear()
                await self.news.wait()
        return self.published[name]


@asynccontextmanager
async def open_ground(place: Path) -> AsyncIterator[Ground]:
    """Start servers and a daemon on one processor, and mirror folders."""
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(open_postgres(place / "cluster", run_directory=place / "run"))
        redis = await stack.enter_async_context(open_redis(place / "redis", run_directory=place / "run-redis"))
        logins = [Login(f"bench_{name}", f"bench-{name}", f"syncd_{name}") for name in ("sync", "web")]
        async with open_connection(postgres.url) as connection:
            await put_groups(connection)
            await put_logins(connection, logins)
            await run_migrations(connection, list_migrations())
        sync_url, web_url = (make_login_url(postgres.url, login) for login in logins)
        pool = await stack.enter_async_context(open_pool(web_url, size=2))
        async with pool.acquire() as connection:
            tenant_id = (await add_tenant(connection, "bench")).tenant_id
        keys = [await _add_key(pool, tenant_id, number) for number in range(50)]
        folders = [await _add_folder(pool, tenant_id, place / f"guide-{number}") for number in range(FOLDERS)]
        url, daemon = await stack.enter_async_context(_running_daemon(place, sync_url, web_url, redis.url))
        yield Ground(url, keys, folders, psutil.Process(daemon))


async def _add_key(pool: Pool, tenant_id: TenantId, number: int) -> str:
    wanted = KeyRequest(
        name=f"reader {number}", scopes=("docs:read",), project_ids=None, expires_at=None, environment="bench"
    )
    return (await create_key(pool, tenant_id, wanted)).text


def _write_pages(folder: Path) -> None:
    folder.mkdir()
    for page in range(PAGES):
        (folder / f"page-{page}.md").write_text(f"# Page {page}\n\n" + "Some words of a guide. " * 60)


async def _add_folder(pool: Pool, tenant_id: TenantId, folder: Path) -> Path:
    _write_pages(folder)
    shelf = Shelf(pool, tenant_id, None, lambda: datetime.now(UTC))
    await create_project(shelf, make_folder_project(folder, roots=None, name=folder.name, docs_path=None))
    return folder


@asynccontextmanager
async def _running_daemon(place: Path, sync_url: str, web_url: str, redis_url: str) -> AsyncIterator[tuple[str, int]]:
    port = _find_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SYNCD_")},
        "SYNCD_SYNC_DATABASE_URL": sync_url,
        "SYNCD_WEB_DATABASE_URL": web_url,
        "SYNCD_REDIS_URL": redis_url,
        "SYNCD_DATA_DIR": str(place / "data"),
        "SYNCD_FOLDER_ROOTS": str(place),
        "SYNCD_HTTP_LISTEN": f"127.0.0.1:{port}",
        "SYNCD_PARSE_WORKERS": "0",
        "SYNCD_LOG": "json",
    }
    log = (place / "daemon.log").open("wb")
    daemon = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "syncd", "run"), env=environment, stdout=log, stderr=log, cwd=place
    )
    try:
        _share_processors(daemon.pid)
        await _wait_until_alive(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}", daemon.pid
    finally:
        daemon.terminate()
        await daemon.wait()
        log.close()


def _find_port() -> int:

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _share_processors(daemon: int) -> None:
    """Bind the daemon to one processor, and ourselves to another where there is one."""
    first, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(daemon, {first})
    if others:
        os.sched_setaffinity(0, set(others))


async def _wait_until_alive(url: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            try:
                async with session.get(f"{url}/livez") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def edit_and_wait(ground: Ground, probe: Reader, round_number: int) -> float:
    """Write a file of one folder, and return the seconds until its revision was published."""
    folder = ground.folders[round_number % FOLDERS]
    revision = probe.revisions[folder.name] + 1
    begun = time.time()
    (folder / f"page-{round_number % PAGES}.md").write_text(f"# Round {round_number}\n\n{begun}\n")
    return (await probe.wait_for(folder.name, revision)).timestamp() - begun


async def ask_for_ever(
    session: aiohttp.ClientSession, ground: Ground, ids: Sequence[str], told: Counter[str], late: list[float]
) -> None:
    """Send a request each tick, whatever the ones before do; count the answers, and time each from when it was due."""
    loop = asyncio.get_running_loop()

    async def ask(number: int, due: float) -> None:
        path = PATHS[number % len(PATHS)].format(id=ids[number % len(ids)])
        headers = {"Authorization": f"Bearer {ground.keys[number % len(ground.keys)]}"}
        try:
            async with session.get(f"{ground.url}{path}", headers=headers) as answer:
                await answer.read()
                told[str(answer.status)] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            told[type(error).__name__] += 1
        late.append(loop.time() - due)

    begun = loop.time()
    number = 0
    async with asyncio.TaskGroup() as group:
        while True:
            due = begun + number * TICK_SECONDS
            await asyncio.sleep(max(0.0, due - loop.time()))
            group.create_task(ask(number, due))
            number += 1


async def measure(rounds: int, readers: int) -> dict[str, Any]:
    """Measure syncs alone, then under readers and requests; return the figures."""
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as name:
        place = Path(name)
        async with (
            open_ground(place) as ground,
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
            ) as session,
        ):
            probe = Reader()
            following = [asyncio.create_task(probe.follow(session, ground, ground.keys[0]))]
            for folder in ground.folders:
                await probe.wait_for(folder.name, 1)
            for warm in range(FOLDERS):
                await edit_and_wait(ground, probe, warm)
            quiet = ground.read_work()
            idle = [await edit_and_wait(ground, probe, number) for number in range(rounds)]
            quiet_work = _share(quiet, ground.read_work())
            crowd = [Reader() for _ in range(readers)]
            following += [
                asyncio.create_task(reader.follow(session, ground, ground.keys[number % len(ground.keys)]))
                for number, reader in enumerate(crowd)
            ]
            await asyncio.gather(*(reader.wait_for(folder.name, 1) for reader in crowd for folder in ground.folders))
            told: Counter[str] = Counter()
            late: list[float] = []
            ids = await _list_ids(session, ground)
            asking = asyncio.create_task(ask_for_ever(session, ground, ids, told, late))
            await asyncio.sleep(2)
            pressed = ground.read_work()
            busy = [await edit_and_wait(ground, probe, rounds + number) for number in range(rounds)]
            pressed_work = _share(pressed, ground.read_work())
            asking.cancel()
            await asyncio.wait([asking])
            await asyncio.gather(
                *(reader.wait_for(name, probe.revisions[name]) for reader in crowd for name in probe.revisions)
            )
            dropped = sum(reader.has_ended for reader in crowd)
            for task in following:
                task.cancel()
            await asyncio.wait(following)
    return {
        "idle": _describe(idle),
        "busy": _describe(busy),
        "ratio": round(statistics.median(busy) / statistics.median(idle), 2),
        "daemonProcessorPercent": {"idle": quiet_work, "busy": pressed_work},
        "loadAverage": round(os.getloadavg()[0], 1),
        "readers": readers,
        "readersDropped": dropped,
        "answers": dict(told),
        "requestMilliseconds": _describe(late),
    }


def _share(begun: tuple[float, float], ended: tuple[float, float]) -> int:
    """Return how many per cent of a processor were taken between two readings."""
    return round((ended[1] - begun[1]) / (ended[0] - begun[0]) * 100)


async def _list_ids(session: aiohttp.ClientSession, ground: Ground) -> list[str]:
    async with session.get(
        f"{ground.url}/api/v1/projects", headers={"Authorization": f"Bearer {ground.keys[0]}"}
    ) as answer:
        return [project["id"] for project in (await answer.json())["items"]]


def _describe(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {"count": len(ordered), "p50": round(statistics.median(ordered) * 1000), "p95": round(p95 * 1000)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--readers", type=int, default=200)
    asked = parser.parse_args()
    print(json.dumps(asyncio.run(measure(asked.rounds, asked.readers)), indent=2))
