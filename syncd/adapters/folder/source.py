"""A local directory as a source of documents."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from syncd.adapters.folder.descriptors import open_directory, open_root, read_file
from syncd.adapters.folder.hash_cache import HashCache
from syncd.adapters.folder.scanning import Folder, Scan, scan_folder
from syncd.core.hashing import git_blob_sha
from syncd.core.paths import find_path_fault
from syncd.core.sources import DocsTree, EntryKind, Head, SourceBlob, SourceCost, TreeEntry
from syncd.errors import BadUsage, RetryLater

_BATCH_FILES = 64
_BATCH_BYTES = 4 * 1024 * 1024


class FolderSource:
    """Mirrors a directory: the same entries, blobs and tree SHA as git would make of its matching files.

    Every disk access runs in *executor* (none: the loop's own). Keep *cache* between syncs and an unchanged scan reads no
    file; it must not be shared by sources that run at the same time. A file larger than *max_bytes* is listed with its
    size, never read.
    """

    def __init__(
        self,
        path: Path,
        *,
        matches: Callable[[str], bool],
        max_bytes: int,
        docs_path: str | None = None,
        excluded: Sequence[Path] = (),
        cache: HashCache | None = None,
        executor: Executor | None = None,
    ) -> None:
        """*docs_path* none: `docs` where it exists, else the root. *excluded* directories (the data directory) are not entered."""
        if docs_path and find_path_fault(docs_path):
            raise BadUsage(
                "bad_docs_path",
                f"The docs path {docs_path!r} is no path below a folder.",
                hint="Write it like docs/en.",
            )
        self._folder = Folder(path.absolute(), matches, max_bytes, docs_path, excluded)
        self._cache = cache or HashCache()
        self._executor = executor
        self._scan: Scan | None = None
        self._read_bytes = 0

    async def find_head(self, known_mark: str | None) -> Head | None:
        """Scan; return the head, or none where it is the one of *known_mark*. Its commit is HEAD where the docs are exactly its."""
        head = _make_head(await self._run_scan())
        return None if head.mark == known_mark else head

    async def get_docs_tree(self, head: Head) -> DocsTree:
        """Return the tree of *head*; RetryLater where the folder has changed since."""
        scan = await self._find_scan(head)
        made = scan.checked_out
        return DocsTree(
            head, scan.docs_path, scan.tree_sha, made.author if made else None, made.committed_at if made else None
        )

    async def is_rewritten(self, head: Head, since_commit: str) -> bool | None:
        """Return none: a folder has no history."""
        return None

    async def list_entries(self, tree: DocsTree) -> Sequence[TreeEntry]:
        """Return every matching file of *tree*, and each submodule; RetryLater where the folder has changed since."""
        return (await self._find_scan(tree.head)).entries

    async def read_blobs(self, entries: Sequence[TreeEntry]) -> AsyncIterator[SourceBlob]:
        """Yield the bytes of each distinct blob; RetryLater where a file is no longer what was listed."""
        distinct = {entry.git_sha: entry for entry in entries if entry.kind is EntryKind.FILE}
        for batch in _split_batches(distinct.values()):
            for blob in await asyncio.get_running_loop().run_in_executor(self._executor, self._read_batch, batch):
                yield blob

    @property
    def cost(self) -> SourceCost:
        """Return the bytes read from files; a folder costs no requests."""
        return SourceCost(requests=0, received_bytes=self._read_bytes)

    @property
    def poll_least_seconds(self) -> float:
        """Return 0: looking at a folder costs nobody else anything."""
        return 0.0

    async def _find_scan(self, head: Head) -> Scan:
        scan = self._scan or await self._run_scan()
        if _make_head(scan) != head:
            raise _make_changed_error(str(self._folder.path))
        return scan

    async def _run_scan(self) -> Scan:
        loop = asyncio.get_running_loop()
        self._scan = await loop.run_in_executor(self._executor, scan_folder, self._folder, self._cache)
        self._read_bytes += self._scan.read_bytes
        return self._scan

    def _read_batch(self, entries: Sequence[TreeEntry]) -> list[SourceBlob]:
        with open_root(self._folder.path) as root:
            return [SourceBlob(entry.git_sha, self._read_one(root, entry)) for entry in entries]

    def _read_one(self, root: int, entry: TreeEntry) -> bytes:
        directory, _, name = entry.path.rpartition("/")
        try:
            with open_directory(root, directory) as descriptor:
                opened = read_file(descriptor, name, max_bytes=self._folder.max_bytes)
        except OSError as error:
            raise _make_changed_error(entry.path) from error
        if opened is None or git_blob_sha(opened[1]) != entry.git_sha:
            raise _make_changed_error(entry.path)
        self._read_bytes += len(opened[1])
        return opened[1]


def _make_head(scan: Scan) -> Head:
    commit = scan.checked_out.commit if scan.checked_out else None
    return Head(commit, f"{scan.tree_sha}:{commit or ''}:{scan.docs_path}")


def _make_changed_error(path: str) -> RetryLater:
    return RetryLater(
        "changed_while_read",
        f"{path!r} changed while it was read.",
        hint="The folder is scanned again; nothing was lost.",
        after_seconds=1,
    )


def _split_batches(entries: Iterable[TreeEntry]) -> Iterator[list[TreeEntry]]:
    batch: list[TreeEntry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += entry.size or 0
        if len(batch) == _BATCH_FILES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
