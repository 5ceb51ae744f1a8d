import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import open_postgres


@pytest.fixture
def home() -> Iterator[Path]:
    """A private directory with a path short enough for a socket, which the names of tests would make too long."""
    path = Path(tempfile.mkdtemp(prefix="syncd-"))
    yield path
    shutil.rmtree(path)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster() -> AsyncIterator[Path]:
    """A directory of `open_postgres` at rest, made once."""
    with tempfile.TemporaryDirectory(prefix="syncd-") as path:
        directory = Path(path, "postgres")
        async with open_postgres(directory, run_directory=Path(path), fast_and_unsafe=True):
            pass
        yield directory


@pytest.fixture
def made(home: Path, cluster: Path) -> Path:
    """A home whose `postgres` has a cluster already: a copy, which is quicker than initdb."""
    subprocess.run(["cp", "-a", cluster, home / "postgres"], check=True)
    return home
