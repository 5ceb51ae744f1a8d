"""Real folders and real work trees for the tests of the folder source."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from syncd.adapters.folder.hash_cache import HashCache
from syncd.adapters.folder.source import FolderSource
from syncd.core.paths import make_path_filter
from syncd.core.sources import DocsTree

MAX_BYTES = 1000
DOCS = make_path_filter().matches


def run_git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Ann Ä", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, check=True)
    return os.fsdecode(done.stdout).strip()


def commit_all(folder: Path, message: str = "Change") -> str:
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return run_git(folder, "rev-parse", "HEAD")


def write_files(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def open_folder(
    folder: Path, *, docs_path: str | None = "", excluded: Sequence[Path] = (), cache: HashCache | None = None
) -> FolderSource:
    return FolderSource(folder, matches=DOCS, max_bytes=MAX_BYTES, docs_path=docs_path, excluded=excluded, cache=cache)


async def get_tree(source: FolderSource) -> DocsTree:
    head = await source.find_head(None)
    assert head is not None
    return await source.get_docs_tree(head)


async def list_paths(folder: Path, *, docs_path: str | None = "", excluded: Sequence[Path] = ()) -> list[str]:
    source = open_folder(folder, docs_path=docs_path, excluded=excluded)
    return [entry.path for entry in await source.list_entries(await get_tree(source))]
