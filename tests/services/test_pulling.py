"""A pulled directory is the docs of a revision, byte for byte, and follows the project."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from syncd.adapters.beside import beside
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.folder.source import FolderSource
from syncd.adapters.postgres import listening
from syncd.adapters.postgres.projects import mark_removed
from syncd.adapters.postgres.transactions import writing
from syncd.core.ids import TenantId
from syncd.core.moments import AtCommit, AtRevision, AtTime, Moment
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject, Project
from syncd.errors import BadUsage, NotFound, RetryLater, Stalled
from syncd.services import pulling
from syncd.services.pulling import Order, Pulled, follow_project, pull_project
from tests.databases import Database, run_statement
from tests.end_to_end.running import run_git
from tests.mirror import LIMITS, Mirror, open_mirror

DEADLINE_SECONDS = 5
PAGES = {
    "index.md": b"# Guide\n\nHow it works.\n",
    "utf-16.md": "# Zwölf\n".encode("utf-16"),
    "cp1252.txt": b"caf\xe9 \x93quoted\x94\n",
    "bom.md": b"\xef\xbb\xbf# Mark\r\n",
    "deep/er/empty.md": b"",
    "ordner/\u00fcber uns.md": b"# \xc3\x9cber uns\n",
}


@pytest_asyncio.fixture
async def mirror(database: Database, redis_server: RedisServer) -> AsyncIterator[Mirror]:
    async with open_mirror(database, redis_server) as opened:
        yield opened


def write(root: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def read(path: Path) -> dict[str, bytes]:
    tree = path.resolve()
    return {str(file.relative_to(tree)): file.read_bytes() for file in tree.rglob("*") if file.is_file()}


async def add_guide(mirror: Mirror, folder: Path) -> Project:
    folder.mkdir(exist_ok=True)
    return await mirror.add_project(NewProject(name="guide", source="folder", folder=str(folder)))


async def sync(mirror: Mirror, project: Project) -> Project:
    source = FolderSource(
        Path(project.folder or ""), matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes
    )
    assert await mirror.sync(project, source) is not None
    return await mirror.get_project(project.project_id)


def make_order(mirror: Mirror, directory: Path, moment: Moment | None = None) -> Order:
    return Order(mirror.tenant_id, "guide", directory, moment)


async def pull(mirror: Mirror, directory: Path, moment: Moment | None = None) -> Pulled:
    return await pull_project(mirror.web_pool, make_order(mirror, directory, moment))


async def test_a_pull_writes_the_exact_bytes_of_every_document(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path / "source", PAGES | {"skipped.bin": b"\0"})
    project = await sync(mirror, await add_guide(mirror, tmp_path / "source"))
    pulled = await pull(mirror, tmp_path / "docs")
    assert read(tmp_path / "docs") == PAGES
    assert pulled == Pulled(
        "guide",
        1,
        project.synced_commit,
        documents=len(PAGES),
        bytes=sum(map(len, PAGES.values())),
        directory=str(tmp_path / "docs"),
        changed=True,
    )


async def test_a_pull_of_what_is_there_touches_nothing(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path / "source", PAGES)
    await sync(mirror, await add_guide(mirror, tmp_path / "source"))
    await pull(mirror, tmp_path / "docs")
    before = list_stamps(tmp_path)
    assert not (await pull(mirror, tmp_path / "docs")).changed
    assert list_stamps(tmp_path) == before


def list_stamps(root: Path) -> dict[Path, tuple[int, int, int]]:
    found = {path: path.lstat() for path in (root, *root.rglob("*"))}
    return {path: (stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in found.items()}


async def test_a_pull_follows_changes_and_deletions_and_puts_right_what_was_changed_by_hand(
    mirror: Mirror, tmp_path: Path
) -> None:
    write(tmp_path / "source", PAGES)
    project = await sync(mirror, await add_guide(mirror, tmp_path / "source"))
    await pull(mirror, tmp_path / "docs")
    (tmp_path / "source/index.md").unlink()
    write(tmp_path / "source", {"bom.md": b"# New\n"})
    await sync(mirror, project)
    wanted = {name: content for name, content in PAGES.items() if name != "index.md"} | {"bom.md": b"# New\n"}
    assert (await pull(mirror, tmp_path / "docs")).revision == 2
    assert read(tmp_path / "docs") == wanted
    (tmp_path / "docs/bom.md").write_text("# Bad\n")
    assert (await pull(mirror, tmp_path / "docs")).changed
    assert read(tmp_path / "docs") == wanted


async def make_two_revisions(mirror: Mirror, tmp_path: Path) -> tuple[Project, Project]:
    source = tmp_path / "source"
    write(source, {"a.md": b"# 1\n"})
    run_git(source, "init", "-q", "-b", "main")
    commit(source)
    first = await sync(mirror, await add_guide(mirror, source))
    write(source, {"a.md": b"# 2\n"})
    commit(source)
    return first, await sync(mirror, first)


def commit(source: Path) -> None:
    run_git(source, "add", "-A")
    run_git(source, "commit", "-qm", "Change")


async def test_a_pull_at_a_revision_a_commit_or_a_time_writes_what_stood_then(mirror: Mirror, tmp_path: Path) -> None:
    first, second = await make_two_revisions(mirror, tmp_path)
    assert first.synced_commit
    assert second.synced_commit
    assert first.synced_at
    assert second.synced_at
    moments: dict[Moment, int] = {
        AtRevision(1): 1,
        AtRevision(2): 2,
        AtCommit(first.synced_commit): 1,
        AtCommit(first.synced_commit[:7]): 1,
        AtCommit(second.synced_commit[:12]): 2,
        AtTime(second.synced_at - timedelta(microseconds=1)): 1,
        AtTime(datetime.now(UTC)): 2,
    }
    for moment, revision in moments.items():
        pulled = await pull(mirror, tmp_path / "docs", moment)
        assert read(tmp_path / "docs") == {"a.md": f"# {revision}\n".encode()}, moment
        assert pulled.revision == revision
        assert pulled.commit == (first, second)[revision - 1].synced_commit
    for missing in (AtRevision(3), AtCommit("0" * 40), AtTime(first.synced_at - timedelta(days=1))):
        with pytest.raises(NotFound) as refused:
            await pull(mirror, tmp_path / "none", missing)
        assert refused.value.code == "revision_not_found"
    assert not (tmp_path / "none").exists()


async def test_a_commit_that_is_abbreviated_too_far_is_refused(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    project, _ = await make_two_revisions(mirror, tmp_path)
    await run_statement(
        database.migrator_url,
        f"""
        set session_replication_role = replica;
        insert into syncd.sync_runs
            (tenant_id, project_id, to_commit, revision, outcome, fence, started_at, finished_at)
        select '{mirror.tenant_id}', '{project.project_id}', 'abcdef0' || n || repeat('0', 32), 1, 'noop', 1, now(), now()
        from generate_series(1, 2) as n
        """,  # noqa: S608 - ids of ours
    )
    with pytest.raises(BadUsage) as refused:
        await pull(mirror, tmp_path / "docs", AtCommit("abcdef0"))
    assert refused.value.code == "commit_ambiguous"
    assert (await pull(mirror, tmp_path / "docs", AtCommit("abcdef02"))).revision == 1


async def test_a_project_that_is_not_there_not_ours_or_not_synced_makes_nothing(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as missing:
        await pull(mirror, tmp_path / "docs")
    await add_guide(mirror, tmp_path / "source")
    with pytest.raises(RetryLater) as unsynced:
        await pull(mirror, tmp_path / "docs")
    with pytest.raises(NotFound) as foreign:
        await pull_project(mirror.web_pool, Order(TenantId(uuid4()), "guide", tmp_path / "docs"))
    codes = [error.value.code for error in (missing, unsynced, foreign)]
    assert codes == ["project_not_found", "project_not_synced", "project_not_found"]
    assert list(tmp_path.iterdir()) == [tmp_path / "source"]


async def test_stored_bytes_that_are_not_those_of_their_hash_are_never_written(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    write(tmp_path / "source", {"a.md": b"# A\n"})
    await sync(mirror, await add_guide(mirror, tmp_path / "source"))
    await run_statement(
        database.migrator_url, "set session_replication_role = replica; update syncd.blobs set text = 'other'"
    )
    with pytest.raises(Stalled) as refused:
        await pull(mirror, tmp_path / "docs")
    assert refused.value.code == "content_damaged"
    assert not (tmp_path / "docs").exists()


async def test_a_pull_of_many_documents_reads_them_in_batches(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "BATCH_FILES", 3)
    monkeypatch.setattr(pulling, "BATCH_BYTES", 40)
    files = {f"page{number}.md": b"x" * number * 5 for number in range(12)} | {"same.md": b"x" * 25}
    write(tmp_path / "source", files)
    await sync(mirror, await add_guide(mirror, tmp_path / "source"))
    await pull(mirror, tmp_path / "docs")
    assert read(tmp_path / "docs") == files


@asynccontextmanager
async def following(mirror: Mirror, database: Database, directory: Path) -> AsyncIterator[asyncio.Queue[Pulled]]:
    pulls: asyncio.Queue[Pulled] = asyncio.Queue()
    work = follow_project(mirror.web_pool, database.web_url, make_order(mirror, directory), pulls.put_nowait)
    async with asyncio.timeout(4 * DEADLINE_SECONDS), beside(work):
        yield pulls


async def test_follow_pulls_at_each_revision(mirror: Mirror, database: Database, tmp_path: Path) -> None:
    write(tmp_path / "source", {"a.md": b"# 0\n"})
    project = await sync(mirror, await add_guide(mirror, tmp_path / "source"))
    async with following(mirror, database, tmp_path / "docs") as pulls:
        for number in range(1, 4):
            assert (await pulls.get()).revision == number
            assert read(tmp_path / "docs") == {"a.md": f"# {number - 1}\n".encode()}
            write(tmp_path / "source", {"a.md": f"# {number}\n".encode()})
            await sync(mirror, project)


async def test_follow_goes_on_after_an_outage_with_what_was_published_meanwhile(
    mirror: Mirror, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "RECONNECT_SECONDS", 0.01)
    monkeypatch.setattr(pulling, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(pulling, "LOOK_SECONDS", 0.01)  # so that it asks the database while that is away
    waited = asyncio.Event()
    monkeypatch.setattr(pulling.log, "warning", lambda *_words, **_fields: waited.set())
    write(tmp_path / "source", {"a.md": b"# 1\n"})
    project = await sync(mirror, await add_guide(mirror, tmp_path / "source"))
    async with following(mirror, database, tmp_path / "docs") as pulls:
        assert (await pulls.get()).revision == 1
        # The web login is shut out and cut off; the daemon's is not, and publishes.
        await run_statement(database.migrator_url, "alter role test_web nologin")
        try:
            await cut_off_web(database)
            write(tmp_path / "source", {"a.md": b"# 2\n"})
            await sync(mirror, project)
            await waited.wait()
        finally:
            await run_statement(database.migrator_url, "alter role test_web login")
        assert (await pulls.get()).revision == 2
    assert read(tmp_path / "docs") == {"a.md": b"# 2\n"}


async def cut_off_web(database: Database) -> None:
    await run_statement(
        database.migrator_url,
        """
        select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where usename = 'test_web' and datname = current_database()
        """,
    )


async def test_follow_ends_with_its_project_and_leaves_the_docs(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    write(tmp_path / "source", {"a.md": b"# A\n"})
    project = await sync(mirror, await add_guide(mirror, tmp_path / "source"))
    heard = asyncio.Event()
    order = make_order(mirror, tmp_path / "docs")
    work = asyncio.create_task(follow_project(mirror.web_pool, database.web_url, order, lambda _pulled: heard.set()))
    async with asyncio.timeout(DEADLINE_SECONDS):
        await heard.wait()
        async with writing(mirror.web_pool, mirror.tenant_id) as connection:
            await mark_removed(connection, project.project_id, datetime.now(UTC))
        await run_statement(database.migrator_url, f"notify syncd_changes, '{project.project_id}:2'")
        with pytest.raises(NotFound):
            await work
    assert read(tmp_path / "docs") == {"a.md": b"# A\n"}
