"""A pulled directory shows the old tree or the new one, and nothing beside it is touched."""

import asyncio
import os
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from syncd.adapters.pulled_directory import add_files, hash_files, hold_directory, open_tree, show_tree
from syncd.core.hashing import content_hash
from syncd.errors import Busy, Rejected, Stalled

FILES = {"index.md": b"# One\n", "guide/deep/page.txt": b"\xff\xfea\0", "empty.md": b""}


async def put(path: Path, files: Mapping[str, bytes], *, revision: int = 1) -> None:
    async with hold_directory(path) as directory:
        tree = await open_tree(directory, revision=revision)
        await add_files(tree, files)
        await show_tree(directory, tree)


def read(path: Path) -> dict[str, bytes]:
    tree = path.resolve()
    return {str(file.relative_to(tree)): file.read_bytes() for file in tree.rglob("*") if file.is_file()}


async def get_refusal(path: Path) -> str:
    with pytest.raises(Rejected) as refused:
        await put(path, FILES)
    return refused.value.code


@pytest.fixture
def strict_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


async def test_files_stand_with_their_exact_bytes(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there" / "docs"
    await put(path, FILES)
    assert read(path) == FILES
    async with hold_directory(path) as directory:
        assert await hash_files(directory) == {name: content_hash(content) for name, content in FILES.items()}


@pytest.mark.usefixtures("strict_umask")
async def test_everybody_may_read_whatever_the_umask(tmp_path: Path) -> None:
    await put(tmp_path / "docs", FILES)
    tree = (tmp_path / "docs").resolve()
    found = {stat.S_IMODE(path.stat().st_mode) for path in tree.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (tree.parent, tree, tree / "guide", tree / "guide/deep")}
    assert (found, folders) == ({0o644}, {0o755})


async def test_a_reader_keeps_the_tree_that_it_has_opened_until_the_pull_after_the_next(tmp_path: Path) -> None:
    path = tmp_path / "docs"
    await put(path, {"a.md": b"1"}, revision=1)
    opened = path.resolve()
    await put(path, {"a.md": b"2"}, revision=2)
    assert (read(path), read(opened)) == ({"a.md": b"2"}, {"a.md": b"1"})
    await put(path, {"a.md": b"3"}, revision=3)
    assert not opened.exists()
    assert len(list((tmp_path / ".docs.syncd").glob("r*"))) == 2


async def test_a_pull_that_ends_before_the_swap_changes_nothing_and_leaves_nothing_for_good(tmp_path: Path) -> None:
    path = tmp_path / "docs"
    await put(path, FILES)
    async with hold_directory(path) as directory:
        unfinished = await open_tree(directory, revision=2)
        await add_files(unfinished, {"half.md": b"half"})
        (directory.trees / "link").symlink_to("half")
    assert read(path) == FILES
    await put(path, {"a.md": b"1"}, revision=2)
    assert not unfinished.exists()
    assert read(path) == {"a.md": b"1"}


async def test_a_reader_never_sees_a_mixture(tmp_path: Path) -> None:
    path = tmp_path / "docs"
    await put(path, {"a.md": b"0", "b.md": b"0"})
    seen: list[tuple[str, str]] = []
    looked, done = threading.Event(), threading.Event()

    def look() -> None:
        while not done.is_set():
            # One look at the link, as a reader that changes into the directory does.
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                seen.append((_read_at(folder, "a.md"), _read_at(folder, "b.md")))
            finally:
                os.close(folder)
            looked.set()

    looking = asyncio.create_task(asyncio.to_thread(look))
    try:
        for number in range(1, 4):
            looked.clear()
            assert await asyncio.to_thread(looked.wait, 5)
            await put(path, {"a.md": str(number).encode(), "b.md": str(number).encode()}, revision=number)
    finally:
        done.set()
    await looking
    assert {one for one, other in seen if one != other} == set()


def _read_at(folder: int, name: str) -> str:
    opened = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        return os.read(opened, 9).decode()
    finally:
        os.close(opened)


async def test_an_empty_directory_is_taken_and_a_full_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    await put(tmp_path / "empty", FILES)
    assert read(tmp_path / "empty") == FILES
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    assert await get_refusal(tmp_path / "full") == "directory_taken"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".empty.syncd", "empty", "full"]
    assert read(tmp_path / "full") == {"mine.txt": b"mine"}


@pytest.mark.parametrize("target", ["elsewhere", "nowhere", ".docs.syncd/..", "../x/.docs.syncd/r1-a"])
async def test_a_link_that_no_pull_made_is_neither_followed_nor_replaced(tmp_path: Path, target: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "docs").symlink_to(target)
    assert await get_refusal(tmp_path / "docs") == "directory_taken"
    assert (tmp_path / "docs").readlink() == Path(target)
    assert list((tmp_path / "elsewhere").iterdir()) == []


async def test_a_file_and_the_root_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert await get_refusal(tmp_path / "file") == "directory_taken"
    assert await get_refusal(Path("/")) == "directory_taken"


async def test_trees_that_lead_elsewhere_or_that_others_may_write_are_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".docs.syncd").symlink_to("elsewhere")
    assert await get_refusal(tmp_path / "docs") == "directory_taken"
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (tmp_path / ".open.syncd").mkdir()
    (tmp_path / ".open.syncd").chmod(0o777)
    assert await get_refusal(tmp_path / "open") == "directory_taken"


@pytest.mark.parametrize("name", ["../out.md", "/out.md", "a/../../out.md", "a//b.md", "a\\b.md", "nul\0.md", ""])
async def test_a_hostile_path_is_never_written(tmp_path: Path, name: str) -> None:
    await put(tmp_path / "docs", FILES)
    with pytest.raises(Stalled) as refused:
        await put(tmp_path / "docs", {name: b"hostile"})
    assert refused.value.code == "bad_document_path"
    assert read(tmp_path / "docs") == FILES
    assert sorted(path.name for path in tmp_path.iterdir()) == [".docs.syncd", "docs"]


async def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("mine")
    async with hold_directory(tmp_path / "docs") as directory:
        tree = await open_tree(directory, revision=1)
        (tree / "a.md").symlink_to(outside)
        with pytest.raises(Rejected) as refused:
            await add_files(tree, {"a.md": b"hostile"})
    assert refused.value.code == "directory_unusable"
    assert outside.read_text() == "mine"


async def test_what_was_changed_by_hand_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "docs"
    await put(path, FILES)
    (path / "more.md").symlink_to("index.md")
    (path / "empty.md").write_text("full")
    async with hold_directory(path) as directory:
        found = await hash_files(directory)
    assert found is not None
    assert (found["more.md"], found["empty.md"]) == (b"", content_hash(b"full"))


async def test_two_pulls_of_one_directory_do_not_meet(tmp_path: Path) -> None:
    async with hold_directory(tmp_path / "docs"):
        with pytest.raises(Busy) as refused:
            await put(tmp_path / "docs", FILES)
    assert refused.value.code == "pull_running"
    await put(tmp_path / "docs", FILES)


async def test_a_name_that_the_file_system_does_not_take_is_said_and_changes_nothing(tmp_path: Path) -> None:
    await put(tmp_path / "docs", FILES)
    with pytest.raises(Rejected) as refused:
        await put(tmp_path / "docs", {f"{'a' * 300}.md": b""})
    assert refused.value.code == "directory_unusable"
    assert read(tmp_path / "docs") == FILES
