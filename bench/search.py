"""Search through the MCP tool, under row-level security, beside SQLite FTS5 over the same chunks in the same run.

    python -m bench.search [--bundle httpx-docs.bundle] [--chunks 20000 160000] [--queries 200] [--json]

Each size is a project of its own in a tenant of its own: the docs of the bundle, whose questions have known answers (bench/questions), among
generated documents. Everything runs on an embedded Postgres and Redis in a temporary directory, with the settings that `syncd up` gives them.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

import httpx2
import psutil
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from pydantic import SecretStr

from bench.generated_docs import Writer
from bench.questions import Question, load_questions
from syncd.adapters.postgres.connections import Pool, open_pool
from syncd.adapters.postgres.keys import NewKey, add_key
from syncd.adapters.postgres.tenants import add_tenant
from syncd.adapters.postgres.transactions import reading
from syncd.bootstrap import Grounds, Parts, open_parts, utc_now
from syncd.core.evaluation import Span, find_percentile, list_values, measure_question
from syncd.core.ids import TenantId
from syncd.core.keys import make_key, make_key_id, parse_key
from syncd.core.lines import line_starts
from syncd.core.projects import NewProject
from syncd.services.installation import Installation, open_installation
from syncd.services.locking import holding
from syncd.services.projects import Shelf, create_project
from syncd.services.sources import FolderAccess
from syncd.services.sync import sync_project
from syncd.settings import load_settings

QUESTIONS = Path(__file__).parent / "questions" / "httpx.jsonl"
PROJECT = "docs"
CHUNKS_OF_A_DOCUMENT = 5.8  # of the generated ones
WARM_UP = 20
HIT = re.compile(r"^\d+\. docs/(?P<path>.+)@v\d+:L(?P<from>\d+)-(?P<to>\d+)(?::C\d+-\d+)? · score", re.MULTILINE)
ALL_CHUNKS = """
select v.path, p.char_from, p.char_to, c.header, c.body
from document_versions v
join document_chunks p using (tenant_id, content_hash, format, title, chunker_version)
join chunks c using (tenant_id, chunk_hash)
where v.revision_to is null
"""

Ask = Callable[[str], Sequence[Span]]


@dataclass(frozen=True, slots=True)
class Measure:
    """One engine at one size: milliseconds of its queries by the clock and of processors, and what its answers are worth.

    The processor's are of the server and of Postgres together, where Linux tells; on a busy machine they say more.
    """

    engine: str
    chunks: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_p50_ms: float
    cpu_p95_ms: float
    ndcg: float | None = None
    recall_at_5: float | None = None
    found_at_5: float | None = None
    mrr: float | None = None
    empty: float | None = None


@dataclass(frozen=True, slots=True)
class Indexing:
    """What the import of one size took. *core_seconds*: of all processes that cut and tokenised, and of the daemon; not of Postgres."""

    chunks: int
    seconds: float
    core_seconds: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="the git bundle of httpx's docs, which the questions are about")
    parser.add_argument(
        "--chunks", type=int, nargs="+", default=[20_000, 160_000], help="sizes (default: 20000 160000)"
    )
    parser.add_argument("--queries", type=int, default=200, help="how many are timed at each size (default: 200)")
    parser.add_argument("--seed", type=int, default=7, help="of documents and queries (default: 7)")
    parser.add_argument("--workers", type=int, default=2, help="processes that cut and tokenise (default: 2)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as temporary:
        measures, indexings = asyncio.run(run(arguments, Path(temporary)))
    if arguments.json:
        document = {"search": [asdict(one) for one in measures], "indexing": [asdict(one) for one in indexings]}
        sys.stdout.write(json.dumps(document) + "\n")
        return
    print_measures(measures, indexings)


async def run(arguments: argparse.Namespace, temporary: Path) -> tuple[list[Measure], list[Indexing]]:
    """Measure every size on the same servers."""
    measures: list[Measure] = []
    indexings: list[Indexing] = []
    (temporary / "servers").mkdir(mode=0o700)
    async with open_installation(temporary / "servers", database_url=None, redis_url=None, say=_say) as installation:
        settings = load_settings(data_dir=temporary / "servers", parse_workers=arguments.workers).model_copy(
            update={
                "sync_database_url": SecretStr(installation.sync_url),
                "web_database_url": SecretStr(installation.web_url),
                "redis_url": SecretStr(installation.servers.redis_url),
            }
        )
        for chunks in arguments.chunks:
            folder = temporary / f"corpus-{chunks}"
            texts = write_corpus(folder, arguments, chunks)
            _say(f"{chunks} chunks: importing")
            spent = _core_seconds()
            async with open_parts(settings, Grounds(FolderAccess(roots=None, excluded=()))) as parts:
                tenant, key = await add_reader(parts, f"bench-{chunks}")
                imported, seconds = await import_folder(parts, folder, tenant)
            # The time of workers counts when they have ended.
            indexings.append(Indexing(imported, round(seconds, 1), round(_core_seconds() - spent, 1)))
            _say(f"{chunks} chunks: asking")
            questions = load_questions(QUESTIONS, texts) if arguments.bundle else []
            queries = list_queries(questions, arguments)
            async with open_agent(installation, temporary, key) as (agent, server):
                spent_by = partial(_processor_ms, server, temporary / "servers")
                measures.append(await measure_tool(agent, spent_by, questions, queries, texts, imported))
            async with open_pool(installation.read_url, size=1) as pool:
                measures.append(await measure_sqlite(pool, tenant, questions, queries, temporary / f"{chunks}.sqlite"))
            _say(json.dumps([*map(asdict, measures), *map(asdict, indexings)]))
    return measures, indexings


def write_corpus(folder: Path, arguments: argparse.Namespace, chunks: int) -> dict[str, str]:
    """Write real documents and as many generated ones as make *chunks*; return the texts of the real ones by path."""
    folder.mkdir(parents=True)
    texts = {}
    if arguments.bundle:
        clone = folder.with_suffix(".clone")
        subprocess.run(["git", "clone", "-q", "-b", "master", str(arguments.bundle.absolute()), str(clone)], check=True)
        for path in sorted(clone.rglob("*.md")):
            name = str(path.relative_to(clone))
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(path.read_bytes())
            texts[name] = path.read_bytes().decode()
    writer = Writer(arguments.seed)
    for number in range(round(chunks / CHUNKS_OF_A_DOCUMENT)):
        path = folder / "generated" / f"part-{number // 100:03d}" / f"page-{number:05d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(writer.write_document(number), encoding="utf-8")
    return texts


async def add_reader(parts: Parts, name: str) -> tuple[TenantId, str]:
    """Add a tenant, and a key that reads it."""
    async with parts.web_pool.acquire() as connection:
        tenant = await add_tenant(connection, name)
    key = make_key("bench", make_key_id(os.urandom(32)), os.urandom(32))
    known = parse_key(key)
    assert known is not None
    new = NewKey(key_id=known.key_id, secret_hash=known.secret_hash, name=name, scopes=["docs:read"])
    await add_key(parts.web_pool, tenant.tenant_id, new)
    return tenant.tenant_id, key


async def import_folder(parts: Parts, folder: Path, tenant: TenantId) -> tuple[int, float]:
    """Sync a folder as the daemon does; return how many chunks it has and the seconds it took."""
    new = NewProject(PROJECT, "folder", folder=str(folder), docs_path="")
    project = await create_project(Shelf(parts.web_pool, tenant, None, utc_now), new)
    begun = time.monotonic()
    async with (
        parts.sources.open(project) as source,
        holding(parts.locking, tenant, project.project_id, reason="bench") as lock,
    ):
        head = await source.find_head(None)
        assert head is not None
        await sync_project(parts.work, project, source, head, lock=lock)
    seconds = time.monotonic() - begun
    async with reading(parts.web_pool, tenant) as connection:
        chunks = await connection.fetchval("select chunks from projects where project_id = $1", project.project_id)
    return chunks, seconds


def _core_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def list_queries(questions: Sequence[Question], arguments: argparse.Namespace) -> list[str]:
    """Return queries to time: the questions, and passages of two to eight words as the generated documents have them, in turn."""
    random = Random(arguments.seed)  # noqa: S311 - repeatable, no secret
    writer = Writer(arguments.seed)
    words = [re.findall(r"\w+", writer.write_document(number)) for number in range(100)]
    queries = [question.text for question in questions]
    while len(queries) < arguments.queries:
        text = random.choice(words)
        queries.append(" ".join(random.sample(text, random.randint(2, 8))))
    random.shuffle(queries)
    return queries[: arguments.queries]


@asynccontextmanager
async def open_agent(installation: Installation, temporary: Path, key: str) -> AsyncIterator[tuple[Client, int]]:
    """Serve MCP in a process of its own, as an operator would, and connect the SDK's client to it."""
    unlimited = dict.fromkeys(("SYNCD_MCP_CALLS_PER_MINUTE", "SYNCD_MCP_BURST_CALLS"), "1000000")
    settings = {"SYNCD_READ_DATABASE_URL": installation.read_url, "SYNCD_LOG": "json", **unlimited}
    environment = {**os.environ, **settings}
    command = [sys.executable, "-m", "mcp_server", "http", "--listen", "127.0.0.1:8799"]
    with (temporary / "mcp.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=log, stdout=log, cwd=temporary)
        try:
            await _wait_for_port(8799)
            headers = {"Authorization": f"Bearer {key}"}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=30) as http,
                Client(streamable_http_client("http://127.0.0.1:8799/mcp", http_client=http)) as client,
            ):
                yield client, process.pid
        finally:
            process.terminate()
            await process.wait()


async def _wait_for_port(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


def _processor_ms(server: int, directory: Path) -> float:
    """Return what the server and the readers' backends of the Postgres in *directory* have had of processors; 0 where that is not told."""
    backends = [
        process.pid
        for process in psutil.process_iter(["name"])
        if process.info["name"] == "postgres" and _is_reader(process, directory)
    ]
    tasks = [task for pid in (server, *backends) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6


def _is_reader(process: psutil.Process, directory: Path) -> bool:
    try:
        return "syncd_read" in process.cmdline()[0] and Path(process.cwd()).is_relative_to(directory)
    except (psutil.Error, IndexError):
        return False


async def measure_tool(
    agent: Client,
    spent_by: Callable[[], float],
    questions: Sequence[Question],
    queries: Sequence[str],
    texts: dict[str, str],
    chunks: int,
) -> Measure:
    """Time the tool, and measure its answers to the questions, with no limit on the chunks of a document."""

    async def ask(query: str) -> str:
        result = await agent.call_tool("docs_search", {"query": query, "limit": 10, "per_document": 50})
        assert not result.is_error, result.content
        assert result.content[0].type == "text"
        return result.content[0].text

    for query in queries[:WARM_UP]:
        await ask(query)
    times, spent = [], []
    for query in queries:
        before, begun = spent_by(), time.perf_counter()
        await ask(query)
        times.append((time.perf_counter() - begun) * 1000)
        spent.append(spent_by() - before)
    starts = {path: [*line_starts(text), len(text)] for path, text in texts.items()}
    found = []
    for question in questions:
        hits = HIT.finditer(await ask(question.text))
        spans = [
            Span(hit["path"], starts[hit["path"]][int(hit["from"]) - 1], starts[hit["path"]][int(hit["to"])])
            if hit["path"] in starts
            else Span(hit["path"], 0, 0)
            for hit in hits
        ]
        found.append(spans)
    return _make_measure("docs_search over HTTP", chunks, times, spent, questions, found)


async def measure_sqlite(
    pool: Pool, tenant: TenantId, questions: Sequence[Question], queries: Sequence[str], file: Path
) -> Measure:
    """Index the same chunks with SQLite FTS5 (Porter stems, bm25 with the heading trail weighed thrice), and ask it the same."""
    async with reading(pool, tenant) as connection:
        await connection.execute("set local statement_timeout = 0")
        rows = await connection.fetch(ALL_CHUNKS)
    with closing(sqlite3.connect(file)) as database:
        database.execute(
            "create virtual table chunks using fts5(path unindexed, f unindexed, t unindexed, header, body, tokenize='porter')"
        )
        database.executemany("insert into chunks values (?, ?, ?, ?, ?)", [tuple(row) for row in rows])
        database.commit()

        def ask(query: str) -> list[Span]:
            words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", query))
            found = database.execute(
                "select path, f, t, body from chunks where chunks match ? order by bm25(chunks, 0, 0, 0, 3, 1) limit 10",
                (words,),
            )
            return [Span(path, char_from, char_to) for path, char_from, char_to, _ in found]

        for query in queries[:WARM_UP]:
            ask(query)
        times, spent = [], []
        for query in queries:
            before, begun = time.process_time(), time.perf_counter()
            ask(query)
            times.append((time.perf_counter() - begun) * 1000)
            spent.append((time.process_time() - before) * 1000)
        found = [ask(one.text) for one in questions]
        return _make_measure("SQLite FTS5 in process", len(rows), times, spent, questions, found)


def _make_measure(
    engine: str,
    chunks: int,
    times: Sequence[float],
    spent: Sequence[float],
    questions: Sequence[Question],
    found: Sequence[Sequence[Span]],
) -> Measure:
    clock = [round(find_percentile(times, share), 1) for share in (0.5, 0.95, 0.99)]
    processor = [round(find_percentile(spent, share), 1) for share in (0.5, 0.95)]
    if not questions:
        return Measure(engine, chunks, *clock, *processor)
    measured = [measure_question(spans, question.answers) for spans, question in zip(found, questions, strict=True)]
    mean = {name: round(sum(values) / len(values), 4) for name, values in list_values(measured).items()}
    names = ("ndcg", "recall_at_5", "found_at_5", "mrr", "empty")
    return Measure(engine, chunks, *clock, *processor, **{name: mean[name] for name in names})


def print_measures(measures: Sequence[Measure], indexings: Sequence[Indexing]) -> None:
    """Print for people."""
    print(f"\n{datetime.now(UTC):%d %B %Y}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(
        f"{'engine':24}{'chunks':>8}{'p50 ms':>8}{'p95 ms':>8}{'p99 ms':>8}{'CPU p50':>9}{'CPU p95':>9}  nDCG@10  recall@5  found@5   MRR   empty"
    )
    for one in measures:
        quality = "".join(
            f"{value:9.3f}" if value is not None else "        -"
            for value in (one.ndcg, one.recall_at_5, one.found_at_5, one.mrr, one.empty)
        )
        print(
            f"{one.engine:24}{one.chunks:8}{one.p50_ms:8.1f}{one.p95_ms:8.1f}{one.p99_ms:8.1f}{one.cpu_p50_ms:9.1f}{one.cpu_p95_ms:9.1f}{quality}"
        )
    for indexing in indexings:
        rate, core_rate = indexing.chunks / indexing.seconds, indexing.chunks / indexing.core_seconds
        print(
            f"import of {indexing.chunks} chunks: {indexing.seconds} s, {rate:.0f} chunks/s; {core_rate:.0f} a second of our processes"
        )


def _say(step: str) -> None:
    print(step, file=sys.stderr)


if __name__ == "__main__":
    main()
