"""Initial import, through the services that the daemon uses, beside the bare floor in the same run.

    python -m bench.initial_import [--bundle docs.bundle] [--documents 5000] [--github 1000 6000] [--rounds 3] [--workers 2] [--json]

With --github repositories of so many documents are imported from the fake GitHub (in this process, with a token), beside
`git clone` of the same repository and the floor over what it checked out. All run on an embedded Postgres and Redis of their
own, with the settings that `syncd up` gives them, in a temporary directory.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

import asyncpg
from pydantic import SecretStr

from bench.floor import FloorRun, prepare_floor, run_floor
from bench.generated_docs import write_documents
from syncd.adapters.postgres.tenants import add_tenant
from syncd.bootstrap import Grounds, Parts, open_parts, utc_now
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject
from syncd.core.runs import Run
from syncd.services.installation import open_installation
from syncd.services.locking import holding
from syncd.services.projects import Shelf, create_project
from syncd.services.sources import FolderAccess
from syncd.services.sync import sync_project
from syncd.settings import load_settings
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github

MEGABYTE = 1_000_000
TOKEN = "ghp_bench0123456789"  # noqa: S105 - of the fake
TENANTS = tuple(f"bench-{number}" for number in range(1000))  # one an import: the token serves these alone


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in a folder, or in a repository that is checked out there. *project* says what is imported."""

    name: str
    directory: Path
    files: Sequence[Path]
    size_bytes: int
    project: NewProject
    git: GitRepository | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One corpus: what its import and its floor took in each round, and the phases of the middle import."""

    corpus: str
    documents: int
    chunks: int
    megabytes: float
    import_seconds: tuple[float, ...]
    floor_seconds: tuple[float, ...]
    clone_seconds: tuple[float, ...]
    requests: int
    received_bytes: int
    import_phases: Mapping[str, float]
    floor_phases: Mapping[str, float]

    @property
    def ratio(self) -> float:
        """Return how many times the floor, with the clone before it if there is one, an import takes, by the medians."""
        clone = statistics.median(self.clone_seconds) if self.clone_seconds else 0.0
        return statistics.median(self.import_seconds) / (clone + statistics.median(self.floor_seconds))


@dataclass(frozen=True, slots=True)
class Bench:
    """Servers that run, and both ways of using them."""

    parts: Parts
    migrator: asyncpg.Connection
    processes: ProcessPoolExecutor | None
    tenants: list[str] = field(default_factory=lambda: list(TENANTS))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="a git bundle whose head's Markdown files are imported too")
    parser.add_argument("--documents", type=int, default=5000, help="how many documents are generated (default: 5000)")
    parser.add_argument("--github", type=int, nargs="*", default=[], help="sizes of repositories at the fake GitHub")
    parser.add_argument("--seed", type=int, default=7, help="of the generated documents (default: 7)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: 3)")
    parser.add_argument("--workers", type=int, default=2, help="processes that chunk, for both (default: 2)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as temporary:
        (Path(temporary) / "servers").mkdir(mode=0o700)
        measures = asyncio.run(run(arguments, Path(temporary)))
    if arguments.json:
        sys.stdout.write(json.dumps([{**asdict(measure), "ratio": measure.ratio} for measure in measures]) + "\n")
        return
    for measure in measures:
        print_measure(measure)


async def run(arguments: argparse.Namespace, temporary: Path) -> list[Measure]:
    """Measure every corpus."""
    corpora = make_corpora(arguments, temporary / "corpora")
    async with open_fake_github() as fake, open_bench(temporary / "servers", fake.url, arguments.workers) as bench:
        fake.add_token(TOKEN)
        for count in arguments.github:
            corpora.append(await host_corpus(fake, temporary / f"github-{count}", count=count, seed=arguments.seed))
        return [await measure_corpus(bench, corpus, rounds=arguments.rounds) for corpus in corpora]


def make_corpora(arguments: argparse.Namespace, directory: Path) -> list[Corpus]:
    """Return the documents of the bundle, if one is given, and the generated ones."""
    corpora = []
    if arguments.bundle is None or not arguments.bundle.is_file():
        print("No bundle is given (--bundle): real documents are left out.", file=sys.stderr)
    else:
        subprocess.run(
            ["git", "clone", "--quiet", str(arguments.bundle.absolute()), str(directory / "bundle")], check=True
        )
        corpora.append(find_corpus(f"{arguments.bundle.stem}, head", directory / "bundle"))
    if arguments.documents:
        write_documents(directory / "generated", count=arguments.documents, seed=arguments.seed)
        corpora.append(find_corpus(f"generated, seed {arguments.seed}", directory / "generated"))
    return corpora


def find_corpus(name: str, directory: Path) -> Corpus:
    """Return the documents of *directory*: those that a project without globs has."""
    globs = make_path_filter()
    files = [path for path in sorted(directory.rglob("*")) if globs.matches(str(path.relative_to(directory)))]
    project = NewProject("bench", "folder", folder=str(directory), docs_path="")
    return Corpus(name, directory, files, sum(file.stat().st_size for file in files), project)


async def host_corpus(fake: FakeGitHub, directory: Path, *, count: int, seed: int) -> Corpus:
    """Push generated documents to a repository of the fake."""
    write_documents(directory / "tree", count=count, seed=seed)
    corpus = find_corpus(f"fake GitHub, generated, seed {seed}", directory / "tree")
    git = GitRepository.create(directory / "repository.git")
    git.add_commit({str(file.relative_to(corpus.directory)): file.read_bytes() for file in corpus.files})
    hosted = await fake.add_repository(f"bench/of-{count}", git)
    project = NewProject("bench", "github", repository=hosted.full_name, repository_id=hosted.number, docs_path="docs")
    return replace(corpus, project=project, git=git)


def clone(corpus: Corpus, git: GitRepository) -> float:
    """Clone *git* to where the corpus is read; return the seconds that took."""
    shutil.rmtree(corpus.directory)
    begun = time.monotonic()
    command = ["git", "clone", "--quiet", "--depth=1", f"file://{git.path}", str(corpus.directory)]
    subprocess.run(command, check=True)
    return time.monotonic() - begun


@asynccontextmanager
async def open_bench(directory: Path, github_url: str, workers: int) -> AsyncIterator[Bench]:
    """Start the servers as `syncd up` does, and open the daemon's parts on them."""
    async with open_installation(directory, database_url=None, redis_url=None, say=_say) as installation:
        settings = load_settings(data_dir=directory, parse_workers=workers).model_copy(
            update={
                "sync_database_url": SecretStr(installation.sync_url),
                "web_database_url": SecretStr(installation.web_url),
                "redis_url": SecretStr(installation.servers.redis_url),
                "github_api_url": github_url,
                "github_token": SecretStr(TOKEN),
                "github_token_tenants": TENANTS,
            }
        )
        migrator = await asyncpg.connect(installation.servers.database_url)
        processes = ProcessPoolExecutor(workers, mp_context=get_context("spawn")) if workers else None
        try:
            async with open_parts(settings, Grounds(FolderAccess(roots=None, excluded=()))) as parts:
                yield Bench(parts, migrator, processes)
        finally:
            if processes is not None:
                processes.shutdown()
            await migrator.close()


def _say(step: str) -> None:
    print(step, file=sys.stderr)


async def measure_corpus(bench: Bench, corpus: Corpus, *, rounds: int) -> Measure:
    """Measure import, clone and floor in turn, so that all see the same noise of the machine."""
    imports: list[tuple[float, Run]] = []
    floors: list[FloorRun] = []
    clones: list[float] = []
    for number in range(rounds):
        _say(f"{corpus.name}: round {number + 1} of {rounds}")
        await prepare_floor(bench.migrator)
        if corpus.git is not None:
            clones.append(await asyncio.to_thread(clone, corpus, corpus.git))
        floors.append(await run_floor(bench.migrator, corpus.directory, corpus.files, pool=bench.processes))
        imports.append(await import_corpus(bench, corpus, tenant=bench.tenants.pop()))
    _, middle = sorted(imports, key=lambda measured: measured[0])[len(imports) // 2]
    assert middle.added == len(corpus.files), f"{middle.added} of {len(corpus.files)} documents were imported"
    return Measure(
        corpus=corpus.name,
        documents=len(corpus.files),
        chunks=floors[0].chunks,
        megabytes=corpus.size_bytes / MEGABYTE,
        import_seconds=tuple(round(seconds, 3) for seconds, _ in imports),
        floor_seconds=tuple(round(floor.seconds, 3) for floor in floors),
        clone_seconds=tuple(round(seconds, 3) for seconds in clones),
        requests=middle.requests,
        received_bytes=middle.received_bytes,
        import_phases=middle.milliseconds,
        floor_phases=sorted(floors, key=lambda floor: floor.seconds)[len(floors) // 2].milliseconds,
    )


async def import_corpus(bench: Bench, corpus: Corpus, *, tenant: str) -> tuple[float, Run]:
    """Import into a tenant that has nothing yet; return the seconds from taking the lock to giving it back."""
    parts = bench.parts
    async with parts.web_pool.acquire() as connection:
        added = await add_tenant(connection, tenant)
    project = await create_project(Shelf(parts.web_pool, added.tenant_id, None, utc_now), corpus.project)
    async with parts.sources.open(project) as source:
        begun = time.monotonic()
        async with holding(parts.locking, added.tenant_id, project.project_id, reason="bench") as lock:
            head = await source.find_head(None)
            assert head is not None
            made = await sync_project(parts.work, project, source, head, lock=lock)
        return time.monotonic() - begun, made


def print_measure(measure: Measure) -> None:
    """Print one corpus for people."""
    print(
        f"\n{measure.corpus}: {measure.documents} documents, {measure.megabytes:.1f} MB, {measure.chunks} distinct chunks"
    )
    ways = (("import", measure.import_seconds), ("clone", measure.clone_seconds), ("floor", measure.floor_seconds))
    for name, seconds in (way for way in ways if way[1]):
        median = statistics.median(seconds)
        each = ", ".join(f"{one:.2f}" for one in seconds)
        print(
            f"  {name:7}{median:7.2f} s  {measure.documents / median:7.0f} documents/s  {measure.megabytes / median:6.2f} MB/s"
            f"  (rounds: {each})"
        )
    peer = "clone and floor" if measure.clone_seconds else "the floor"
    print(f"  ratio  {measure.ratio:7.2f}    import takes so many times {peer} (medians)")
    if measure.requests:
        print(f"  import: {measure.requests} requests, {measure.received_bytes / MEGABYTE:.1f} MB received")
    print(f"  import milliseconds: {_list_phases(measure.import_phases)}")
    print(f"  floor milliseconds:  {_list_phases(measure.floor_phases)}")


def _list_phases(phases: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {spent:.0f}" for name, spent in phases.items())


if __name__ == "__main__":
    main()
