"""What a sync does not mirror, does not believe, and does not finish: nothing of it is lost, torn or silent."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from syncd.adapters.folder.source import FolderSource
from syncd.adapters.postgres.connections import LeaseLost
from syncd.adapters.postgres.mirror import list_skipped
from syncd.adapters.postgres.transactions import in_project
from syncd.core.documents import SkippedFile, SkipReason
from syncd.core.paths import make_path_filter
from syncd.core.projects import Project
from syncd.core.runs import Outcome
from syncd.core.sources import DocsTree, SourceBlob, TreeEntry
from syncd.errors import RetryLater, Stalled
from tests.mirror import LIMITS, Mirror
from tests.services.folder_projects import add_folder, count, read_skipped, sync_folder, write


async def test_what_is_not_mirrored_is_listed_with_its_reason(mirror: Mirror, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "ok.md": b"# ok\n",
            "binary.txt": b"\x00\x01\x02",
            "pointer.md": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            "huge.md": b"x" * (LIMITS.document_max_bytes + 1),
            "picture.png": b"not a document",
            "edge.md": b"x" * LIMITS.document_max_bytes,
        },
    )
    (tmp_path / "link.md").symlink_to("ok.md")
    project = await add_folder(mirror, tmp_path)
    run = await sync_folder(mirror, project)
    assert run.skipped == 4
    assert await read_skipped(mirror, project) == {
        "binary.txt": SkipReason.BINARY,
        "pointer.md": SkipReason.LFS_POINTER,
        "huge.md": SkipReason.TOO_LARGE,
        "link.md": SkipReason.SYMLINK,
    }
    assert set(await mirror.read_documents(project)) == {"ok.md", "edge.md"}


async def test_a_document_that_becomes_binary_is_a_deletion_and_a_skipped_file(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": b"text\n", "b.md": b"# b\n"})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    write(tmp_path, {"a.txt": b"\x00"})
    run = await sync_folder(mirror, project)
    assert (run.deleted, run.skipped) == (1, 1)
    assert set(await mirror.read_documents(project)) == {"b.md"}
    write(tmp_path, {"a.txt": b"text\n"})
    await sync_folder(mirror, project)
    assert await read_skipped(mirror, project) == {}
    assert (await mirror.list_versions(project))["a.txt"][1] == 1


class CountingSource(FolderSource):
    """Remembers which blobs were asked for."""

    asked: Sequence[str] = ()

    async def read_blobs(self, entries: Sequence[TreeEntry]) -> AsyncIterator[SourceBlob]:
        self.asked = (*self.asked, *(entry.path for entry in entries))
        async for blob in super().read_blobs(entries):
            yield blob


async def test_only_missing_blobs_are_fetched_and_refused_ones_not_again(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {"a.md": b"# A\n", "bad.txt": b"\x00"})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    write(tmp_path, {"b.md": b"# B\n", "copy.md": b"# A\n"})
    source = CountingSource(tmp_path, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)
    await mirror.sync(project, source)
    assert source.asked == ("b.md",)


async def test_most_documents_gone_is_held_until_it_is_seen_again(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {f"{number}.md": f"# {number}\n".encode() for number in range(30)})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    for number in range(25):
        (tmp_path / f"{number}.md").unlink()
    with pytest.raises(Stalled, match="would remove 25 of 30"):
        await sync_folder(mirror, project)
    assert len(await mirror.read_documents(project)) == 30
    assert (await sync_folder(mirror, project)).deleted == 25
    assert len(await mirror.read_documents(project)) == 5


async def test_another_tree_between_two_looks_is_held_anew(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {f"{number}.md": f"# {number}\n".encode() for number in range(30)})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    for last in (25, 26):
        for number in range(last):
            (tmp_path / f"{number}.md").unlink(missing_ok=True)
        with pytest.raises(Stalled, match="would remove"):
            await sync_folder(mirror, project)
    assert len(await mirror.read_documents(project)) == 30


class FailingSource(FolderSource):
    """Fails where it is told to."""

    fail_at = ""

    async def list_entries(self, tree: DocsTree) -> Sequence[TreeEntry]:
        if self.fail_at == "list_entries":
            raise RetryLater("listing_failed", "The listing is incomplete.")
        return await super().list_entries(tree)

    async def read_blobs(self, entries: Sequence[TreeEntry]) -> AsyncIterator[SourceBlob]:
        async for blob in super().read_blobs(entries[:1]):
            yield blob
        if self.fail_at == "read_blobs":
            raise RetryLater("blob_failed", "A blob cannot be read.")


@pytest.mark.parametrize("fail_at", ["list_entries", "read_blobs"])
async def test_a_failure_publishes_nothing(mirror: Mirror, tmp_path: Path, fail_at: str) -> None:
    write(tmp_path, {"a.md": b"# A\n"})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    write(tmp_path, {"a.md": b"# A2\n", "b.md": b"# B\n"})
    source = FailingSource(tmp_path, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)
    source.fail_at = fail_at
    with pytest.raises(RetryLater):
        await mirror.sync(project, source)
    assert await mirror.read_documents(project) == {"a.md": b"# A\n"}
    assert (await mirror.get_project(project.project_id)).revision == 1
    await sync_folder(mirror, project)
    assert await mirror.read_documents(project) == {"a.md": b"# A2\n", "b.md": b"# B\n"}


class StealingSource(FolderSource):
    """Lets somebody else take the fence while a blob is read."""

    mirror: Mirror
    project: Project

    async def read_blobs(self, entries: Sequence[TreeEntry]) -> AsyncIterator[SourceBlob]:
        async with in_project(self.mirror.pool, self.mirror.tenant_id, self.project.project_id) as connection:
            await connection.execute("update project_leases set fence = fence + 1, nonce = gen_random_uuid()")
        async for blob in super().read_blobs(entries):
            yield blob


async def test_a_holder_that_was_overtaken_writes_nothing(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {"a.md": b"# A\n"})
    project = await add_folder(mirror, tmp_path)
    source = StealingSource(tmp_path, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)
    source.mirror, source.project = mirror, project
    with pytest.raises(LeaseLost):
        await mirror.sync(project, source)
    assert await count(mirror, project, "blobs") == 0
    assert (await mirror.get_project(project.project_id)).revision == 0


async def test_skipped_files_are_temporal_too(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {"a.md": b"# A\n", "bad.txt": b"\x00"})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    (tmp_path / "bad.txt").unlink()
    run = await sync_folder(mirror, project)
    assert (run.outcome, run.skipped) == (Outcome.CHANGED, 0)
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        rows = await connection.fetch("select path, revision_from, revision_to from skipped_files")
    assert [tuple(row) for row in rows] == [(b"bad.txt", 1, 2)]


async def test_a_path_that_is_not_utf8_is_listed_as_its_bytes(mirror: Mirror, tmp_path: Path) -> None:
    write(tmp_path, {"a.md": b"# A\n"})
    (tmp_path / "caf\udce9.md").write_bytes(b"# C\n")
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        assert await list_skipped(connection, project.project_id) == (
            SkippedFile("caf\udce9.md", SkipReason.PATH_NOT_UTF8, 4),
        )
