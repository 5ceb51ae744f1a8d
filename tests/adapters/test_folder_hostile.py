"""Nothing in a folder leads out of it, blocks, or takes the rest of it along."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from syncd.adapters.folder.source import FolderSource
from syncd.core.hashing import git_blob_sha
from syncd.core.sources import EntryKind
from syncd.errors import RetryLater
from tests.adapters.folders import get_tree, list_paths, open_folder, write_files

_CHECKOUT = Path(__file__).parents[2]


async def test_links_are_listed_and_never_followed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write_files(tmp_path, {"outside/secret.md": "S", "folder/a.md": "A"})
    (folder / "out.md").symlink_to("../outside/secret.md")
    (folder / "dangling.md").symlink_to("nowhere")
    (folder / "away").symlink_to("../outside")
    (folder / "loop").symlink_to(".")
    source = open_folder(folder)
    entries = {entry.path: entry for entry in await source.list_entries(await get_tree(source))}
    assert {path: entry.kind for path, entry in entries.items()} == {
        "a.md": EntryKind.FILE,
        "dangling.md": EntryKind.SYMLINK,
        "out.md": EntryKind.SYMLINK,
    }
    assert entries["out.md"].git_sha == git_blob_sha(b"../outside/secret.md")
    assert [blob.content async for blob in source.read_blobs(list(entries.values()))] == [b"A"]


async def test_a_folder_that_is_itself_a_link_is_followed_to_where_it_leads_now(tmp_path: Path) -> None:
    write_files(tmp_path, {"v1/a.md": "A", "v2/b.md": "B"})
    (tmp_path / "current").symlink_to("v1")
    source = open_folder(tmp_path / "current")
    assert [entry.path for entry in await source.list_entries(await get_tree(source))] == ["a.md"]
    (tmp_path / "current").unlink()
    (tmp_path / "current").symlink_to("v2")
    assert [entry.path for entry in await source.list_entries(await get_tree(source))] == ["b.md"]


async def test_pipes_and_sockets_neither_block_nor_appear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"a.md": "A"})
    os.mkfifo(tmp_path / "pipe.md")
    # The name of a socket holds about a hundred bytes.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket.md")
        assert await list_paths(tmp_path) == ["a.md"]


async def test_a_file_that_became_a_pipe_or_a_link_since_the_listing_is_not_read(tmp_path: Path) -> None:
    write_files(tmp_path, {"outside/a.md": "A", "folder/a.md": "A", "folder/sub/a.md": "B", "outside/sub/a.md": "B"})
    source = open_folder(tmp_path / "folder")
    entries = await source.list_entries(await get_tree(source))
    (tmp_path / "folder/a.md").unlink()
    os.mkfifo(tmp_path / "folder/a.md")
    (tmp_path / "folder/sub").rename(tmp_path / "gone")
    (tmp_path / "folder/sub").symlink_to("../outside/sub")
    assert [entry.path for entry in entries] == ["a.md", "sub/a.md"]
    for entry in entries:
        with pytest.raises(RetryLater) as refusal:
            [blob async for blob in source.read_blobs([entry])]
        assert (refusal.value.code, refusal.value.after_seconds) == ("changed_while_read", 1)


async def test_a_file_that_changed_or_went_since_the_listing_is_tried_again(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "A", "b.md": "B"})
    source = open_folder(tmp_path)
    entries = await source.list_entries(await get_tree(source))
    write_files(tmp_path, {"a.md": "B"})
    (tmp_path / "b.md").unlink()
    for entry in entries:
        with pytest.raises(RetryLater, match="changed while it was read"):
            [blob async for blob in source.read_blobs([entry])]


async def test_hostile_names_are_listed_as_they_are(tmp_path: Path) -> None:
    names = [b"a\nb.md", b"back\\slash.md", b"bad\xff.md", b"-rf.md", b"\xe2\x80\xae.md", b"x" * 250 + b".md"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_text("x")
    assert sorted(map(os.fsencode, await list_paths(tmp_path))) == sorted(names)


async def test_a_directory_deeper_than_any_path_may_be_is_still_walked(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=descriptor)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(os.open("a.md", os.O_CREAT, dir_fd=descriptor))
    os.close(descriptor)
    assert await list_paths(tmp_path) == ["/".join(["d" * 200] * 30) + "/a.md"]
    shutil.rmtree(tmp_path / ("d" * 200))


_AS_AN_ORDINARY_USER = """
import asyncio, concurrent.futures.thread, os, sys
from pathlib import Path
from syncd.adapters.folder.source import FolderSource
from syncd.core.paths import make_path_filter
from syncd.errors import Stalled
async def main():
    matches = make_path_filter(exclude=sys.argv[2:]).matches
    source = FolderSource(Path(sys.argv[1]), matches=matches, max_bytes=1000, docs_path="")
    try:
        head = await source.find_head(None)
        entries = await source.list_entries(await source.get_docs_tree(head))
        print(*(f"{entry.path}={entry.kind.value}" for entry in entries))
    except Stalled as error:
        print(error.code)
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
asyncio.run(main())
"""


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that another user can reach, as the ones of pytest are not."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def _list_as_ordinary_user(folder: Path, *exclude: str) -> str:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _AS_AN_ORDINARY_USER, str(folder), *exclude),
        stdout=asyncio.subprocess.PIPE,
        cwd=_CHECKOUT,
    )
    out, _ = await child.communicate()
    assert child.returncode == 0
    return out.decode().strip()


async def test_one_unreadable_file_fails_alone(shared_folder: Path) -> None:
    write_files(shared_folder, {"a.md": "A", "shut.md": "S"})
    (shared_folder / "shut.md").chmod(0)
    assert await _list_as_ordinary_user(shared_folder) == "a.md=file shut.md=unreadable"


async def test_an_unreadable_directory_that_could_hold_docs_stops_the_listing(shared_folder: Path) -> None:
    write_files(shared_folder, {"a.md": "A", "shut/b.md": "B"})
    (shared_folder / "shut").chmod(0)
    assert await _list_as_ordinary_user(shared_folder) == "folder_unreadable"
    assert await _list_as_ordinary_user(shared_folder, "shut/**") == "a.md=file"
    write_files(shared_folder, {".gitignore": "shut\n"})
    assert await _list_as_ordinary_user(shared_folder) == "a.md=file"
    (shared_folder / "shut").chmod(0o755)


async def test_a_file_that_moves_while_the_folder_is_walked_is_not_missed(tmp_path: Path) -> None:
    write_files(tmp_path, {"a/a.md": "A", "b/b.md": "B"})

    def move_into_the_directory_just_listed(path: str) -> bool:
        here, there = ("a", "b") if path.startswith("a/") else ("b", "a")
        if (tmp_path / there / f"{there}.md").exists() and (tmp_path / here / f"{here}.md").exists():
            (tmp_path / there / f"{there}.md").rename(tmp_path / here / f"{there}.md")
        return path.endswith(".md")

    source = FolderSource(tmp_path, matches=move_into_the_directory_just_listed, max_bytes=10)
    entries = await source.list_entries(await get_tree(source))
    assert {entry.path.rpartition("/")[2] for entry in entries} == {"a.md", "b.md"}


async def test_a_folder_that_never_holds_still_is_tried_again_later(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "A"})

    def grow(_: str) -> bool:
        (tmp_path / f"{sum(1 for _ in tmp_path.iterdir())}.md").touch()
        return True

    with pytest.raises(RetryLater) as refusal:
        await FolderSource(tmp_path, matches=grow, max_bytes=10).find_head(None)
    assert refusal.value.code == "folder_changing"


async def test_changes_beside_the_docs_do_not_keep_a_scan_from_settling(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "A"})

    def leave_other_files(path: str) -> bool:
        (tmp_path / f"{sum(1 for _ in tmp_path.iterdir())}.tmp").touch()
        return path.endswith(".md")

    source = FolderSource(tmp_path, matches=leave_other_files, max_bytes=10)
    assert [entry.path for entry in await source.list_entries(await get_tree(source))] == ["a.md"]
