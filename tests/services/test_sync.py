"""One sync at a time, from a folder to Postgres: exact, versioned, atomic."""

import asyncio
import subprocess
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.transactions import in_project
from syncd.core.runs import Outcome
from tests.databases import Database
from tests.mirror import Mirror
from tests.services.folder_projects import add_folder, count, open_folder, sync_folder, write


async def test_the_first_sync_makes_the_documents_equal_to_the_folder(mirror: Mirror, tmp_path: Path) -> None:
    files = {
        "docs/a.md": b"# A\n\nhello\n",
        "docs/b/c.rst": b"C\n=\n",
        "docs/bom.txt": b"\xef\xbb\xbfhi",
        "docs/empty.md": b"",
    }
    write(tmp_path, files)
    project = await add_folder(mirror, tmp_path)
    run = await mirror.sync(project, open_folder(tmp_path))
    assert run is not None
    assert (run.outcome, run.revision, run.added) == (Outcome.CHANGED, 1, 4)
    assert set(run.milliseconds) == {"gather", "plan", "fetch", "chunk", "apply"}
    assert await mirror.read_documents(project) == files
    synced = await mirror.get_project(project.project_id)
    assert (synced.documents, synced.revision, synced.condition) == (4, 1, "ready")
    assert synced.chunks == 3


async def test_an_unchanged_folder_is_recognised_and_writes_nothing(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {"a.md": b"# A\n"})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    before = await mirror.get_project(project.project_id)
    assert await mirror.sync(project, open_folder(tmp_path)) is None
    assert await mirror.get_project(project.project_id) == before


async def test_an_edit_makes_a_version_and_leaves_the_others_alone(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {"a.md": b"# A\n", "b.md": b"# B\n"})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    first = await mirror.list_versions(project)
    write(tmp_path, {"a.md": b"# A\n\nmore\n"})
    run = await sync_folder(mirror, project)
    assert (run.modified, run.added, run.revision) == (1, 0, 2)
    assert await mirror.list_versions(project) == {"a.md": (first["a.md"][0], 2), "b.md": first["b.md"]}


async def test_a_rename_keeps_identity_and_version_and_stores_nothing(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {"old.md": b"# Title\n\ntext\n"})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    first = await mirror.list_versions(project)
    stored = [await count(mirror, project, table) for table in ("blobs", "chunks", "document_chunks")]
    (tmp_path / "old.md").rename(tmp_path / "new.md")
    run = await sync_folder(mirror, project)
    assert (run.renamed, run.added, run.deleted) == (1, 0, 0)
    assert await mirror.list_versions(project) == {"new.md": first["old.md"]}
    assert [await count(mirror, project, table) for table in ("blobs", "chunks", "document_chunks")] == stored


async def test_a_renamed_document_without_a_title_gets_the_new_files_name(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {"old.txt": b"words\n"})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    (tmp_path / "old.txt").rename(tmp_path / "new.txt")
    await sync_folder(mirror, project)
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        found = await connection.fetch(
            """
            select v.path, v.title, c.header from document_versions v
            join document_chunks using (tenant_id, content_hash, format, title)
            join chunks c using (tenant_id, chunk_hash)
            where v.revision_to is null
            """
        )
    assert [tuple(row) for row in found] == [("new.txt", "new", "new")]


async def test_a_document_that_comes_back_keeps_its_history(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {"a.md": b"# A\n", "b.md": b"# B\n"})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    first = await mirror.list_versions(project)
    (tmp_path / "a.md").unlink()
    (tmp_path / "b.md").unlink()
    assert (await sync_folder(mirror, project)).deleted == 2
    write(tmp_path, {"a.md": b"# A\n", "b.md": b"# B, anew\n"})
    await sync_folder(mirror, project)
    assert await mirror.list_versions(project) == {"a.md": first["a.md"], "b.md": (first["b.md"][0], 2)}


async def test_a_revert_is_a_new_version_of_a_stored_content(mirror: Mirror, tmp_path: Path) -> None:
    project = await add_folder(mirror, tmp_path)
    for content in (b"# one\n", b"# two\n", b"# one\n"):
        write(tmp_path, {"a.md": content})
        await sync_folder(mirror, project)
    assert [version for _, version in (await mirror.list_versions(project)).values()] == [3]
    assert await count(mirror, project, "blobs") == 2


async def test_two_documents_of_equal_content_are_two_documents_of_one_blob(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {"a.md": b"# same\n", "b.md": b"# same\n", "c.rst": b"# same\n"})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    assert len(await mirror.list_versions(project)) == 3
    assert await count(mirror, project, "blobs") == 1
    assert (await mirror.get_project(project.project_id)).chunks == 3


async def test_one_edited_sentence_indexes_one_chunk(mirror: Mirror, tmp_path: Path) -> None:
    sections = [f"## Part {number}\n\n" + f"Sentence {number} of some length. " * 40 + "\n\n" for number in range(12)]
    write(tmp_path, {"a.md": "".join(sections).encode()})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    before = await count(mirror, project, "chunks")
    sections[5] = sections[5].replace("Sentence 5", "Another sentence. Sentence 5", 1)
    write(tmp_path, {"a.md": "".join(sections).encode()})
    await sync_folder(mirror, project)
    assert await count(mirror, project, "chunks") == before + 1


async def test_every_revision_can_be_read_as_it_was(mirror: Mirror, tmp_path: Path) -> None:
    random = Random(7)
    project = await add_folder(mirror, tmp_path)
    history: list[dict[str, bytes]] = []
    for step in range(8):
        for name in random.sample("abcdef", k=3):
            path = tmp_path / f"{name}.md"
            if path.exists() and random.random() < 0.4:
                path.unlink()
            else:
                path.write_bytes(f"# {name} {step}\n".encode())
        await sync_folder(mirror, project)
        history.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})
        assert await mirror.read_documents(project) == history[-1]
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        for revision, then in enumerate(history, start=1):
            rows = await connection.fetch(
                """
                select path, text from document_versions join blobs using (tenant_id, content_hash)
                where revision_from <= $1 and (revision_to is null or $1 < revision_to)
                """,
                revision,
            )
            assert {row["path"]: row["text"].encode() for row in rows} == then


async def test_statistics_are_those_of_a_recount_after_any_edits(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "syncd.adapters.postgres.publishing.MOVED_LAYOUTS", 2
    )  # so that a part ends between the halves of a rename
    random = Random(11)
    words = ["timeout", "connect", "read_timeout", "HTTPTransport", "retry", "pool", "proxy", "alpha beta"]
    project = await add_folder(mirror, tmp_path)
    for step in range(6):
        for name in random.sample("abcd", k=2):
            path = tmp_path / f"{name}.md"
            if path.exists() and random.random() < 0.3:
                path.rename(tmp_path / f"{name}{step}.md")
            else:
                path.write_text(f"# {name}\n\n" + " ".join(random.choices(words, k=9)) + "\n")
        await sync_folder(mirror, project)
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        kept = await connection.fetch(
            "select term_id, document_frequency from term_stats where document_frequency <> 0"
        )
        placed = await connection.fetch(
            """
            select c.term_ids from document_versions
            join document_chunks using (tenant_id, content_hash, format, title)
            join chunks c using (tenant_id, chunk_hash)
            where revision_to is null
            """
        )
    recount = Counter(term_id for row in placed for term_id in row["term_ids"])
    assert {row["term_id"]: row["document_frequency"] for row in kept} == dict(recount)
    assert (await mirror.get_project(project.project_id)).chunks == len(placed)


async def test_a_folder_without_documents_is_ready_and_says_so(mirror: Mirror, tmp_path: Path) -> None:
    project = await add_folder(mirror, tmp_path)
    run = await sync_folder(mirror, project)
    assert (run.outcome, run.revision) == (Outcome.CHANGED, 1)
    state = await mirror.get_project(project.project_id)
    assert (state.condition, state.reason) == ("ready", "no_documents")
    assert state.message == "No file below the root is a document."


async def test_a_commit_that_leaves_the_docs_alone_moves_the_commit_only(mirror: Mirror, tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@t")
        subprocess.run(["git", *identity, "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    write(tmp_path, {"docs/a.md": b"# A\n", "code.py": b"1\n"})
    git("add", "-A")
    git("commit", "-qm", "one")
    project = await add_folder(mirror, tmp_path)
    first = await sync_folder(mirror, project)
    write(tmp_path, {"code.py": b"2\n"})
    git("commit", "-qam", "two")
    second = await sync_folder(mirror, project)
    assert (second.outcome, second.revision) == (Outcome.NOOP, 1)
    assert first.to_commit is not None
    assert second.from_commit == first.to_commit != second.to_commit
    assert (await mirror.get_project(project.project_id)).synced_commit == second.to_commit


async def test_listeners_hear_of_a_revision_when_it_is_visible(
    mirror: Mirror, database: Database, tmp_path: Path
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    write(tmp_path, {"a.md": b"# A\n"})
    project = await add_folder(mirror, tmp_path)
    async with open_connection(database.read_url) as connection:
        await connection.add_listener("syncd_changes", lambda *notice: heard.put_nowait(str(notice[-1])))
        await sync_folder(mirror, project)
        async with asyncio.timeout(5):
            assert await heard.get() == f"{project.project_id}:{mirror.tenant_id}:1"
