"""The real servers that tests run on: one embedded Postgres and one embedded Redis a session, a database of its own a test."""

import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from syncd.adapters.embedded.postgres import PostgresServer, open_postgres
from syncd.adapters.embedded.redis import RedisServer, open_redis
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from tests.databases import Database, make_database, make_template
from tests.mirror import Mirror, open_mirror

MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of its own is made in it
CLUSTERS_MAX_BYTES = 8 * 1024**3
"""What the clusters of two processes take at most, with the log that a checkpoint has not yet freed."""


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C reach what tests start, and give the quick size the same examples for the same commit.

    Campaigns (any other -m) throw anew each time, and so does whoever asks for it: `--hypothesis-profile=dice`.
    """
    # A shell that runs the tests in its background has Ctrl-C ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes says how busy the machine is, not whether the law holds.
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("dice", patient, derandomize=False, print_blob=True)
    settings.register_profile("same", patient, derandomize=True)
    settings.load_profile("same" if config.option.markexpr == "not full" else "dice")


@pytest.fixture(scope="session")
def cluster_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the session's cluster lies: in memory where there is room, because a test's copy of the template is 700 files."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > CLUSTERS_MAX_BYTES:
        with tempfile.TemporaryDirectory(prefix="syncd-tests-", dir=MEMORY) as directory:
            yield Path(directory)
    else:
        yield tmp_path_factory.mktemp("postgres")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(cluster_directory: Path) -> AsyncIterator[PostgresServer]:
    """The session's Postgres: the one that `syncd up` starts, without the flushes that survive a loss of power."""
    async with open_postgres(
        cluster_directory / "cluster", run_directory=cluster_directory / "run", fast_and_unsafe=True
    ) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(postgres: PostgresServer) -> str:
    """The name of a migrated database, to be copied."""
    return await make_template(postgres)


@pytest_asyncio.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[RedisClient]:
    """A client of the session's Redis, for one test."""
    async with open_redis_client(redis_server.url) as opened:
        yield opened


@pytest_asyncio.fixture
async def database(postgres: PostgresServer, template: str) -> AsyncIterator[Database]:
    """A migrated database of this test alone."""
    async with make_database(postgres, template) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    """The session's Redis: the one that `syncd up` starts. Projects have ids of their own, so tests can share it."""
    directory = tmp_path_factory.mktemp("redis")
    async with open_redis(directory / "data", run_directory=directory / "run") as server:
        yield server


@pytest.fixture
def data_directory(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of the loopback that nobody else gets and nobody answers: bound, and not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def kept_port() -> Iterator[int]:
    """A port of the loopback that nobody else gets, and that a server of the test may take, more than once."""
    with socket.socket() as bound:
        # Who also asks for reuse, as servers do, may bind it beside us and listen; whoever is given a free port is not given this one.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest_asyncio.fixture
async def mirror(database: Database, redis_server: RedisServer) -> AsyncIterator[Mirror]:
    """A workplace of a tenant, on the database of this test."""
    async with open_mirror(database, redis_server) as opened:
        yield opened
