"""Objects of a bare repository, read through one long-lived `git cat-file --batch`."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class GitObject:
    """One object: its SHA, its kind (blob, tree, commit, tag) and its bytes."""

    sha: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of `git ls-tree`; *size* is none for what is not a blob."""

    mode: str
    kind: str
    sha: str
    size: int | None
    path: str


class ObjectReader:
    """Reads objects by any name that git understands. Names resolve anew at each call."""

    def __init__(self, path: Path, process: Process) -> None:
        self._path = path
        self._process = process
        self._turn = asyncio.Lock()

    async def find(self, name: str) -> GitObject | None:
        """Return the object that *name* stands for, or none."""
        if not name or any(character.isspace() for character in name):
            return None
        reader, writer = self._process.stdout, self._process.stdin
        assert reader
        assert writer
        async with self._turn:
            writer.write(name.encode("utf-8", "surrogateescape") + b"\n")
            header = (await reader.readline()).split()
            if len(header) != 3 or not header[2].isdigit():
                return None  # missing, or ambiguous
            content = await reader.readexactly(int(header[2]))
            await reader.readexactly(1)
        return GitObject(header[0].decode(), header[1].decode(), content)

    async def list_tree(self, sha: str, *, recursive: bool) -> list[Listed]:
        """Return the rows of a tree in git's order; *recursive* shows subtrees and what is below them."""
        output = await self.run("ls-tree", "-z", "--long", *(["-r", "-t"] if recursive else []), sha)
        return [_listed(row) for row in output.split(b"\0") if row]

    async def run(self, *arguments: str) -> bytes:
        """Run git in this repository and return what it prints."""
        process = await asyncio.create_subprocess_exec("git", "--git-dir", str(self._path), *arguments, stdout=PIPE)
        output, _ = await process.communicate()
        assert process.returncode == 0, f"git {arguments[0]} failed"
        return output


@asynccontextmanager
async def open_object_reader(path: Path) -> AsyncIterator[ObjectReader]:
    """Start git over the bare repository at *path*; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        "git", "--git-dir", str(path), "cat-file", "--batch", stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    try:
        yield ObjectReader(path, process)
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()


def _listed(row: bytes) -> Listed:
    stem, _, path = row.partition(b"\t")
    mode, kind, sha, size = stem.decode().split()
    # GitHub answers in JSON, which has no bytes: what is not UTF-8 becomes U+FFFD.
    return Listed(mode, kind, sha, int(size) if size.isdigit() else None, path.decode("utf-8", "replace"))
