"""One `syncd up` that runs while its tests do, and one loop for the tests of a module."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from tests.databases import make_database
from tests.end_to_end.running import Up, open_up, run_git
from tests.end_to_end.shells import Shell
from tests.environment import clear_environment
from tests.loop import Loop, open_loop
from tests.mirror import open_mirror


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with docs, checked out, and room beside it."""
    root = tmp_path_factory.mktemp("up")
    folder = root / "handbook"
    (folder / "docs").mkdir(parents=True)
    (folder / "README.md").write_text("# Not below docs\n")
    (folder / "docs/index.md").write_text("# Handbook\n\nHow we work.\n")
    (folder / "docs/binary.txt").write_bytes(b"\0")
    run_git(folder, "init", "-q", "-b", "main")
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-qm", "Begin")
    return root


@pytest.fixture(scope="session")
def up(place: Path) -> Iterator[Up]:
    with open_up(place / "data", "--folder", "handbook", cwd=place) as running:
        yield running


@pytest.fixture
def shell(up: Up, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    clear_environment(monkeypatch)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("SYNCD_FOLDER_ROOTS", str(place))
    monkeypatch.chdir(place)
    return Shell(capsys, place / "data", up)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_loop(postgres: PostgresServer, template: str, redis_server: RedisServer) -> AsyncIterator[Loop]:
    """One loop for the many projects of a module."""
    async with (
        make_database(postgres, template) as database,
        open_mirror(database, redis_server) as mirror,
        open_loop(mirror, database.migrator_url, tells=False) as loop,
    ):
        yield loop
