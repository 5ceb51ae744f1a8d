"""One sync at a time, from a folder to Postgres: exact, versioned, atomic."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.folder.source import FolderSource
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject, Project
from syncd.core.runs import Outcome

from tests.conftest import Database
from tests.mirror import LIMITS, Mirror, open_mirror


@pytest_asyncio.fixture
async def mirror(database: Database, redis_server: RedisServer) -> AsyncIterator[Mirror]:
    async with open_mirror(database, redis_server) as opened:
        yield opened


def open_folder(path: Path) -> FolderSource:
    return FolderSource(path, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)


def write(root: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


async def add_folder(mirror: Mirror, path: Path) -> Project:
    return await mirror.add_project(NewProject(name="guide", source="folder", folder=str(path)))


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
    assert await mirror.read_documents(project) == files
    synced = await mirror.get_project(project.project_id)
    assert (synced.documents, synced.revision, synced.condition) == (4, 1, "ready")
    assert synced.chunks == 3
