"""A folder is mirrored as git would list it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time_ns

import pytest

from syncd.adapters.folder.hash_cache import HashCache
from syncd.core.hashing import EMPTY_TREE_SHA
from syncd.core.sources import EntryKind, Head, TreeEntry
from syncd.errors import BadUsage, RetryLater, Stalled
from tests.adapters.folders import MAX_BYTES, commit_all, get_tree, list_paths, open_folder, run_git, write_files


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    run_git(folder, "init", "-q", "-b", "main")
    return folder


async def test_a_clean_work_tree_has_the_commit_the_tree_and_the_bytes_of_git(repository: Path) -> None:
    write_files(repository, {"docs/a.md": "A", "docs/sub/b.rst": "B\r\n", "docs/a-b.txt": "", "code.py": "x"})
    (repository / "docs/run.md").write_text("#!")
    (repository / "docs/run.md").chmod(0o755)
    commit = commit_all(repository)
    source = open_folder(repository, docs_path=None)
    tree = await get_tree(source)
    assert (tree.head.commit, tree.docs_path, tree.author) == (commit, "docs", "Ann Ä")
    assert tree.tree_sha == run_git(repository, "rev-parse", "HEAD:docs")
    assert tree.committed_at is not None
    assert abs(tree.committed_at - datetime.now(UTC)) < timedelta(hours=1)
    entries = await source.list_entries(tree)
    listed = [row.split() for row in run_git(repository, "ls-tree", "-r", "HEAD", "docs/").splitlines()]
    assert [(entry.path, entry.git_sha) for entry in entries] == [(path, sha) for _, _, sha, path in listed]
    blobs = {blob.git_sha: blob.content async for blob in source.read_blobs(entries)}
    assert {entry.path: blobs[entry.git_sha] for entry in entries} == {
        entry.path: (repository / entry.path).read_bytes() for entry in entries
    }
    assert source.cost.requests == 0


async def test_a_changed_or_an_untracked_doc_has_no_commit_and_a_build_file_keeps_it(repository: Path) -> None:
    write_files(repository, {"a.md": "A", "code.py": "x"})
    commit = commit_all(repository)
    write_files(repository, {"build/out.bin": "x"})
    assert (await get_tree(open_folder(repository))).head.commit == commit
    write_files(repository, {"b.md": "B"})
    assert (await get_tree(open_folder(repository))).head.commit is None
    (repository / "b.md").unlink()
    write_files(repository, {"code.py": "y"})
    assert (await get_tree(open_folder(repository))).head.commit is None


async def test_a_repository_without_a_commit_is_a_folder_like_any_other(repository: Path) -> None:
    write_files(repository, {"a.md": "A"})
    tree = await get_tree(open_folder(repository))
    assert (tree.head.commit, tree.author, tree.committed_at) == (None, None, None)


async def test_a_commit_without_a_change_of_the_docs_is_a_new_head(repository: Path) -> None:
    write_files(repository, {"a.md": "A"})
    commit_all(repository)
    source = open_folder(repository)
    head = await source.find_head(None)
    assert head is not None
    assert await source.find_head(head.mark) is None
    commit = commit_all(repository, "Say nothing")
    again = await source.find_head(head.mark)
    assert again is not None
    assert again.commit == commit


async def test_the_paths_of_a_folder_inside_a_repository_are_relative_to_the_folder(repository: Path) -> None:
    write_files(repository, {"part/docs/a.md": "A", "part/b.md": "B", "other/c.md": "C"})
    commit = commit_all(repository)
    source = open_folder(repository / "part")
    tree = await get_tree(source)
    assert tree.head.commit == commit
    assert tree.tree_sha == run_git(repository, "rev-parse", "HEAD:part")
    assert [entry.path for entry in await source.list_entries(tree)] == ["b.md", "docs/a.md"]


async def test_a_linked_work_tree_shows_its_own_commit(repository: Path, tmp_path: Path) -> None:
    write_files(repository, {"a.md": "A"})
    commit_all(repository)
    run_git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    write_files(tmp_path / "linked", {"b.md": "B"})
    commit = commit_all(tmp_path / "linked")
    assert (await get_tree(open_folder(tmp_path / "linked"))).head.commit == commit


async def test_the_variables_of_a_git_hook_do_not_lead_to_another_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(repository, {"a.md": "A"})
    commit = commit_all(repository)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert (await get_tree(open_folder(repository))).head.commit == commit


async def test_without_git_a_work_tree_is_read_as_a_folder(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_files(repository, {"a.md": "A", "b.md": "B", ".git/info/exclude": "b.md\n"})
    commit_all(repository)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (await get_tree(open_folder(repository))).head.commit is None
    assert await list_paths(repository) == ["a.md"]


async def test_a_submodule_is_listed_and_not_entered(repository: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    run_git(inner, "init", "-q")
    write_files(inner, {"x.md": "X"})
    commit_all(inner)
    write_files(repository, {"a.md": "A"})
    run_git(repository, "submodule", "--quiet", "add", str(inner), "vendor/inner")
    commit = commit_all(repository)
    source = open_folder(repository)
    tree = await get_tree(source)
    kinds = {entry.path: entry.kind for entry in await source.list_entries(tree)}
    assert kinds == {"a.md": EntryKind.FILE, "vendor/inner": EntryKind.SUBMODULE}
    assert tree.head.commit == commit


async def test_the_docs_path_is_docs_where_it_exists_else_the_root(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "A", "docs.md": "D"})
    assert await list_paths(tmp_path, docs_path=None) == ["a.md", "docs.md"]
    write_files(tmp_path, {"docs/b.md": "B"})
    assert await list_paths(tmp_path, docs_path=None) == ["docs/b.md"]
    assert await list_paths(tmp_path, docs_path="") == ["a.md", "docs.md", "docs/b.md"]


async def test_moving_the_root_into_docs_is_a_new_head_although_the_tree_is_the_same(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "A"})
    before = await get_tree(open_folder(tmp_path, docs_path=None))
    (tmp_path / "docs").mkdir()
    (tmp_path / "a.md").rename(tmp_path / "docs/a.md")
    after = await get_tree(open_folder(tmp_path, docs_path=None))
    assert after.tree_sha == before.tree_sha
    assert after.head != before.head


async def test_a_missing_folder_or_docs_path_is_stalled_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file.md").write_text("x")
    (tmp_path / "link").symlink_to("/")
    for folder, docs_path, code in [
        (tmp_path / "none", None, "folder_missing"),
        (tmp_path / "file.md", None, "folder_missing"),
        (tmp_path, "none", "docs_path_missing"),
        (tmp_path, "file.md", "docs_path_missing"),
        (tmp_path, "link", "docs_path_missing"),
        (tmp_path, "link/etc", "docs_path_missing"),
    ]:
        with pytest.raises(Stalled) as refusal:
            await open_folder(folder, docs_path=docs_path).find_head(None)
        assert refusal.value.code == code
        assert refusal.value.hint


@pytest.mark.parametrize("docs_path", ["../up", "/abs", "a//b", "docs/", "."])
def test_a_docs_path_that_leads_out_is_refused(docs_path: str, tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match="is no path below"):
        open_folder(tmp_path, docs_path=docs_path)


async def test_an_empty_folder_is_an_empty_tree(tmp_path: Path) -> None:
    tree = await get_tree(open_folder(tmp_path))
    assert tree.tree_sha == EMPTY_TREE_SHA


async def test_a_head_that_is_not_the_one_scanned_is_refused(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "A"})
    source = open_folder(tmp_path)
    tree = await get_tree(source)
    assert (await open_folder(tmp_path).get_docs_tree(tree.head)).tree_sha == tree.tree_sha
    with pytest.raises(RetryLater, match="changed"):
        await source.get_docs_tree(Head(None, "another"))


async def test_a_file_over_the_limit_is_listed_with_its_size_and_never_read(tmp_path: Path) -> None:
    write_files(tmp_path, {"at.md": "x" * MAX_BYTES})
    with (tmp_path / "huge.md").open("wb") as huge:
        huge.truncate(1 << 40)
    source = open_folder(tmp_path)
    tree = await get_tree(source)
    sizes = {entry.path: entry.size for entry in await source.list_entries(tree)}
    assert sizes == {"at.md": MAX_BYTES, "huge.md": 1 << 40}
    assert source.cost.received_bytes == MAX_BYTES
    os.utime(tmp_path / "huge.md")
    assert await source.find_head(tree.head.mark) is None
    os.truncate(tmp_path / "huge.md", 1 << 39)
    assert await source.find_head(tree.head.mark) is not None


async def test_an_unchanged_scan_reads_no_file(tmp_path: Path) -> None:
    write_files(tmp_path, {f"{number}.md": str(number) for number in range(20)})
    source = open_folder(tmp_path, cache=HashCache(clock_ns=lambda: time_ns() + 10_000_000_000))
    head = await source.find_head(None)
    read = source.cost.received_bytes
    assert head is not None
    assert read > 0
    assert await source.find_head(head.mark) is None
    assert source.cost.received_bytes == read
    write_files(tmp_path, {"3.md": "changed"})
    assert await source.find_head(head.mark) is not None
    assert source.cost.received_bytes == read + len("changed")


async def test_a_file_too_young_for_its_time_stamp_is_read_again(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "A"})
    state = (tmp_path / "a.md").stat()
    source = open_folder(tmp_path, cache=HashCache(clock_ns=lambda: state.st_ctime_ns + 1_999_999_999))
    head = await source.find_head(None)
    assert head is not None
    assert await source.find_head(head.mark) is None
    assert source.cost.received_bytes == 2


async def test_what_tools_leave_behind_is_not_entered(tmp_path: Path) -> None:
    left = [".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__", "sub/node_modules"]
    write_files(
        tmp_path, {f"{name}/a.md": "x" for name in left} | {"env/pyvenv.cfg": "", "env/a.md": "x", "venv/a.md": "x"}
    )
    assert await list_paths(tmp_path) == ["venv/a.md"]


async def test_the_data_directory_is_not_entered_by_whatever_name(tmp_path: Path) -> None:
    write_files(tmp_path, {"folder/state/a.md": "x", "folder/b.md": "x"})
    (tmp_path / "alias").symlink_to("folder/state")
    assert await list_paths(tmp_path / "folder", excluded=[tmp_path / "alias", tmp_path / "none"]) == ["b.md"]


@pytest.mark.parametrize("inside", ["", "pg/docs"])
async def test_a_folder_in_the_data_directory_is_refused(inside: str, tmp_path: Path) -> None:
    (tmp_path / "pg/docs").mkdir(parents=True)
    with pytest.raises(Stalled, match="data directory"):
        await open_folder(tmp_path / inside, excluded=[tmp_path]).find_head(None)


async def test_a_blob_of_two_paths_is_read_once_and_many_come_in_batches(tmp_path: Path) -> None:
    write_files(tmp_path, {f"{number}.md": str(number // 2) for number in range(300)})
    source = open_folder(tmp_path)
    entries = await source.list_entries(await get_tree(source))
    contents = [
        blob.content
        async for blob in source.read_blobs([*entries, TreeEntry("x.md", EntryKind.UNREADABLE, "0" * 40, 1)])
    ]
    assert sorted(contents) == sorted(str(number).encode() for number in range(150))
