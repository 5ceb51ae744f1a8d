"""From a push to an agent: webhook, sync, the row that an agent can read, and the agent's notification.

    python -m bench.push_to_visible [--documents 100 1000 10000] [--changed 1 20 300] [--rounds 20] [--json]

A whole `syncd up` as its own process mirrors a repository of the fake GitHub, which runs in this one; both clocks are ours.
The clock starts before the webhook's first byte and stops when a login that only reads, told by the commit's own notice, has
read every changed document (row), and when an agent that listens over MCP has its first event (event).
"""

import argparse
import asyncio
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

import asyncpg
from mcp.client.subscriptions import Subscription

from syncd.adapters.data_directory import find_running
from syncd.adapters.postgres.connections import Pool, open_pool
from syncd.adapters.postgres.transactions import reading
from syncd.core.ids import TenantId
from tests.end_to_end.running import running_up
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.hooks import FakeHook
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.mcp_server.agents import open_agent

TOKEN = "ghp_bench0123456789"  # noqa: S105 - of the fake
SECRET = "the secret of this bench"  # noqa: S105 - of the fake
DOCUMENT_BYTES = 1500
ROUND_SECONDS = 120
IMPORT_SECONDS = 1800
# What GitHub allows is saved up again between two rounds, as it is between two pushes: requests a second (core/budgets.py).
REFILL_PER_SECOND = 14
_VISIBLE = """
select count(*) from document_versions v join projects p using (tenant_id, project_id)
where v.revision_from = p.revision and v.revision_to is null
"""
_RUN = "select requests, received_bytes, milliseconds from syncd.sync_runs order by fence desc limit 1"


@dataclass(frozen=True, slots=True)
class Round:
    """One push: seconds until its answer (202), its rows and its event; what its run cost."""

    answered: float
    row: float
    event: float
    requests: int
    received_bytes: int
    milliseconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Cell:
    """All rounds of one size of repository and one number of changed documents."""

    documents: int
    changed: int
    rounds: Sequence[Round]

    def quantile(self, name: str, share: float) -> float:
        """Return that quantile of a field in milliseconds."""
        return 1000 * find_quantile([getattr(one, name) for one in self.rounds], share)

    def phases(self) -> dict[str, float]:
        """Return the median of each phase of the runs in milliseconds."""
        names = self.rounds[0].milliseconds
        return {name: statistics.median(one.milliseconds.get(name, 0) for one in self.rounds) for name in names}


@dataclass(slots=True)
class Bench:
    """A repository, the product that mirrors it, and those who wait for what is pushed."""

    git: GitRepository
    fake: FakeGitHub
    hosted: HostedRepository
    hook: FakeHook
    pool: Pool
    tenant_id: TenantId
    migrator: asyncpg.Connection
    stream: Subscription
    notices: asyncio.Queue[str]
    random: Random = field(default_factory=lambda: Random(7))  # noqa: S311 - repeatable, no secret

    async def push(self, paths: Sequence[str], *, changed: int) -> Round:
        """Change so many documents, tell of it, and wait until they are seen."""
        number = self.random.randrange(10**9)
        files = {path: write(path, number) for path in self.random.sample(paths, changed)}
        sending = self.fake.make_push(self.hosted, self.git.add_commit(files, keep=True))
        while not self.notices.empty():
            self.notices.get_nowait()
        begun = time.monotonic()
        async with asyncio.timeout(ROUND_SECONDS), asyncio.TaskGroup() as group:
            seen = group.create_task(self._see(changed))
            heard = group.create_task(self._hear(changed))
            sent = await self.fake.hooks.send(self.hook, sending)
            answered = time.monotonic()
            assert sent.status_code == 202
        run = await self.migrator.fetchrow(_RUN)
        return Round(
            answered - begun,
            seen.result() - begun,
            heard.result() - begun,
            run["requests"],
            run["received_bytes"],
            json.loads(run["milliseconds"]),
        )

    async def _see(self, changed: int) -> float:
        await self.notices.get()
        async with reading(self.pool, self.tenant_id) as connection:
            assert await connection.fetchval(_VISIBLE) == changed
        return time.monotonic()

    async def _hear(self, changed: int) -> float:
        """Return when the first event came; the others of this push are taken from the stream too."""
        await anext(self.stream)
        first = time.monotonic()
        try:
            for _ in range(changed - 1):
                async with asyncio.timeout(1):
                    await anext(self.stream)
        except TimeoutError:
            pass  # many changes are told as one
        return first


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="+", default=[100, 1000, 10_000], help="sizes of repositories")
    parser.add_argument("--changed", type=int, nargs="+", default=[1, 20, 300], help="documents that a push changes")
    parser.add_argument("--rounds", type=int, default=20, help="pushes of each kind (default: 20)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    cells = asyncio.run(run(arguments.documents, arguments.changed, rounds=arguments.rounds))
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(cell) for cell in cells]) + "\n")
        return
    print_cells(cells)


async def run(sizes: Sequence[int], changes: Sequence[int], *, rounds: int) -> list[Cell]:
    """Measure every size with every number of changes that it has documents for."""
    cells: list[Cell] = []
    for documents in sizes:
        paths = [f"docs/part-{number // 100:03d}/page-{number:05d}.md" for number in range(documents)]
        with tempfile.TemporaryDirectory(prefix="syncd-bench-") as temporary:
            _say(f"{documents} documents: first import")
            async with open_bench(Path(temporary), paths) as bench:
                for changed in (count for count in changes if count <= documents):
                    _say(f"{documents} documents, {changed} changed: {rounds} pushes")
                    cells.append(Cell(documents, changed, await measure(bench, paths, changed=changed, rounds=rounds)))
    return cells


async def measure(bench: Bench, paths: Sequence[str], *, changed: int, rounds: int) -> list[Round]:
    """Push *rounds* times; the push before them warms up and is not counted."""
    measured: list[Round] = []
    for _ in range(rounds + 1):
        one = await bench.push(paths, changed=changed)
        measured.append(one)
        await asyncio.sleep(one.requests / REFILL_PER_SECOND)
    return measured[1:]


@asynccontextmanager
async def open_bench(place: Path, paths: Sequence[str]) -> AsyncIterator[Bench]:
    """Start everything over a repository of one document, push all others, and return when they are mirrored."""
    git = GitRepository.create(place / "handbook.git")
    git.add_commit({"docs/first.md": b"# First\n"})
    async with open_fake_github() as fake:
        fake.add_token(TOKEN).limit = 10**9
        hosted = await fake.add_repository("acme/handbook", git)
        settings = {
            "SYNCD_GITHUB_API_URL": fake.url,
            "SYNCD_GITHUB_TOKEN": TOKEN,
            "SYNCD_WEBHOOK_SECRETS": SECRET,
            "SYNCD_POLL_SECONDS": "86400",
        }
        async with running_up(place, "--repo", "acme/handbook", environment=settings) as up:
            url = str(up.ready["statusUrl"]).removesuffix("/status") + "/webhooks/github"
            hook = fake.hooks.add(hosted.number, url, content_type="json", secret=SECRET, events=["push"])
            running = find_running(place / "data")
            assert running
            notices: asyncio.Queue[str] = asyncio.Queue()
            migrator = await asyncpg.connect(running.database_url)
            await migrator.add_listener("syncd_changes", lambda *notice: notices.put_nowait(str(notice[-1])))
            tenant_id = await migrator.fetchval("select tenant_id from syncd.tenants where name = 'default'")
            await fake.hooks.send(
                hook, fake.make_push(hosted, git.add_commit({path: write(path, 0) for path in paths}))
            )
            async with asyncio.timeout(IMPORT_SECONDS):
                await notices.get()
            origin = str(up.ready["mcpUrl"]).removesuffix("/mcp")
            try:
                async with (
                    open_pool(running.read_database_url, size=1) as pool,
                    open_agent(origin, str(up.ready["apiKey"])) as agent,
                    agent.listen(resource_subscriptions=["doc://handbook"]) as stream,
                ):
                    yield Bench(git, fake, hosted, hook, pool, tenant_id, migrator, stream, notices)
            finally:
                await migrator.close()


def write(path: str, number: int) -> bytes:
    """Return a document of some chunks that no other one equals."""
    random = Random(f"{path} {number}")  # noqa: S311 - repeatable, no secret
    words = " ".join(f"word{random.randrange(9000)}" for _ in range(DOCUMENT_BYTES // 9))
    return f"# {path}\n\n## Of {number}\n\n{words}\n".encode()


def find_quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest of *values* that *share* of them do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def print_cells(cells: Sequence[Cell]) -> None:
    """Print a line a cell; all times in milliseconds."""
    print(
        f"{'documents':>9} {'changed':>7}   {'202':>5} {'row p50':>8} {'p95':>6} {'event p50':>10} {'p95':>6}   requests  bytes"
    )
    for cell in cells:
        told = " ".join(f"{name} {spent:.0f}" for name, spent in cell.phases().items())
        print(
            f"{cell.documents:9} {cell.changed:7}   {cell.quantile('answered', 0.5):5.0f} {cell.quantile('row', 0.5):8.0f} "
            f"{cell.quantile('row', 0.95):6.0f} {cell.quantile('event', 0.5):10.0f} {cell.quantile('event', 0.95):6.0f}   "
            f"{cell.rounds[-1].requests:8}  {cell.rounds[-1].received_bytes:7}   ({told})"
        )


def _say(step: str) -> None:
    print(step, file=sys.stderr)


if __name__ == "__main__":
    main()
