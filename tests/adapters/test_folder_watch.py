"""A change that may concern docs is told once it is complete, and nothing else is."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from syncd.adapters.folder.watching import watch_folder
from tests.adapters.folders import commit_all, run_git, write_files

_DEADLINE_SECONDS = 5


class _Bursts:
    """Reads a watch, one burst at a time."""

    def __init__(self, bursts: AsyncIterator[None]) -> None:
        self._bursts = bursts

    async def wait(self) -> None:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            await anext(self._bursts)


@asynccontextmanager
async def _watch(folder: Path, *, stands: bool = True, force_polling: bool = False) -> AsyncIterator[_Bursts]:
    stop = asyncio.Event()
    bursts = watch_folder(folder, excluded=(), stop=stop, force_polling=force_polling)
    reader = _Bursts(bursts)
    try:
        if stands:
            await reader.wait()
        yield reader
    finally:
        stop.set()
        async with asyncio.timeout(_DEADLINE_SECONDS):
            async for _ in bursts:
                pass


async def test_writing_moving_and_removing_a_file_is_told(tmp_path: Path) -> None:
    async with _watch(tmp_path) as bursts:
        write_files(tmp_path, {"a.md": "A"})
        await bursts.wait()
        (tmp_path / "a.md").rename(tmp_path / "b.md")
        await bursts.wait()
        (tmp_path / "b.md").unlink()
        await bursts.wait()


async def test_a_directory_made_later_is_watched_to_its_depth(tmp_path: Path) -> None:
    async with _watch(tmp_path) as bursts:
        (tmp_path / "new/deep").mkdir(parents=True)
        await bursts.wait()
        write_files(tmp_path, {"new/deep/a.md": "A"})
        await bursts.wait()


async def test_a_directory_that_is_made_again_is_watched_again(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    async with _watch(tmp_path) as bursts:
        (tmp_path / "sub").rmdir()
        (tmp_path / "sub").mkdir()
        await bursts.wait()
        write_files(tmp_path, {"sub/a.md": "A"})
        await bursts.wait()


async def test_a_commit_is_told(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    write_files(tmp_path, {"a.md": "A"})
    commit_all(tmp_path)
    async with _watch(tmp_path) as bursts:
        commit_all(tmp_path, "Say nothing")
        await bursts.wait()


async def test_a_commit_in_the_repository_around_a_folder_is_told(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    write_files(tmp_path, {"part/a.md": "A"})
    commit_all(tmp_path)
    async with _watch(tmp_path / "part") as bursts:
        commit_all(tmp_path, "Say nothing")
        await bursts.wait()


async def test_a_folder_that_goes_and_comes_back_is_told_both_times(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write_files(folder, {"a.md": "A"})
    async with _watch(folder) as bursts:
        shutil.rmtree(folder)
        await bursts.wait()
        write_files(folder, {"a.md": "A"})
        await bursts.wait()
        write_files(folder, {"b.md": "B"})
        await bursts.wait()


async def test_a_folder_that_is_replaced_is_watched_in_its_new_place(tmp_path: Path) -> None:
    write_files(tmp_path, {"folder/a.md": "A", "next/a.md": "B"})
    async with _watch(tmp_path / "folder") as bursts:
        (tmp_path / "folder").rename(tmp_path / "old")
        (tmp_path / "next").rename(tmp_path / "folder")
        await bursts.wait()
        await bursts.wait()
        write_files(tmp_path / "folder", {"b.md": "B"})
        await bursts.wait()


async def test_a_folder_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    async with _watch(tmp_path / "later", stands=False) as bursts:
        (tmp_path / "later").mkdir()
        await bursts.wait()
        write_files(tmp_path / "later", {"a.md": "A"})
        await bursts.wait()


async def test_a_name_that_is_not_utf8_ends_no_watch(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"dir\xff")).mkdir()
    async with _watch(tmp_path) as bursts:
        (tmp_path / os.fsdecode(b"bad\xff.md")).write_text("x")
        await bursts.wait()
        (tmp_path / "good.md").write_text("x")
        await bursts.wait()


async def test_without_events_the_folder_is_polled(tmp_path: Path) -> None:
    async with _watch(tmp_path, force_polling=True) as bursts:
        write_files(tmp_path, {"a.md": "A"})
        await bursts.wait()


async def test_a_watch_that_is_cancelled_ends_its_thread(tmp_path: Path) -> None:
    bursts = watch_folder(tmp_path, excluded=(), stop=asyncio.Event())
    await anext(bursts)
    pending = asyncio.ensure_future(anext(bursts))
    await asyncio.sleep(0)
    pending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pending
    with pytest.raises(StopAsyncIteration):
        await anext(bursts)


_WITHOUT_DESCRIPTORS = """
import os, resource, sys
from syncd.adapters.folder.watching import open_notifier
taken = os.open(".", os.O_RDONLY)
before = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (taken + 2, before[1]))
notifier = open_notifier([sys.argv[1]], force_polling=False)
resource.setrlimit(resource.RLIMIT_NOFILE, before)
open(sys.argv[1] + "/a.md", "w").close()
changed = {path for _, path in notifier.watch(100, 50, 5000, None)}  # polling may tell of the directory too
print(sys.argv[1] + "/a.md" in changed, "PollWatcher" in repr(notifier))
"""


def test_where_the_system_has_no_watch_left_the_folder_is_polled(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_DESCRIPTORS, str(tmp_path)],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == b"True True\n"
