"""The embedded Postgres: one cluster in one directory, open to its owner alone, alive as long as this program.

In the directory stand `data` (the cluster), `password`, `postgres.log` and `owner.lock`. The server listens on a unix socket only.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import asyncpg

from syncd.adapters.embedded.account import Account, find_account
from syncd.adapters.embedded.binaries import Binary, find_postgres
from syncd.adapters.embedded.child import Child, Command, run_child, start_child
from syncd.adapters.embedded.directories import (
    get_password,
    hold_directory,
    make_private_directory,
    open_place,
    open_socket_directory,
    put_directory_on_disk,
)
from syncd.adapters.embedded.failures import make_failure
from syncd.adapters.embedded.orphans import end_orphan
from syncd.errors import Stalled

NAME = "syncd"  # of the superuser and of the database
SOCKET = ".s.PGSQL.5432"
INITDB_SECONDS = 120.0
CONNECT_SECONDS = 10.0
FRESH = "initdb-"
STATUS_LINE = 7  # of postmaster.pid, counted from 0: utils/pidfile.h, LOCK_FILE_LINE_PM_STATUS
STILL_IN_USE = "pre-existing shared memory block"  # children of a killed server that have not noticed yet

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # a failed statement may hold a password or a document
}
FAST_AND_UNSAFE_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server. *url* is the superuser's, for migrations, and holds the password."""

    url: str = field(repr=False)
    version: str
    warnings: tuple[str, ...]
    child: Child = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Cluster:
    directory: Path
    account: Account | None
    is_durable: bool

    @property
    def files(self) -> Path:
        return self.directory / "data"

    @property
    def log(self) -> Path:
        return self.directory / "postgres.log"


@asynccontextmanager
async def open_postgres(
    directory: Path,
    *,
    run_directory: Path,
    fast_and_unsafe: bool = False,
    start_seconds: float = 120.0,
    stop_seconds: float = 30.0,
) -> AsyncIterator[PostgresServer]:
    """Yield a running server whose cluster is in *directory*, made there the first time, with its database `syncd`.

    The socket is below *run_directory*, or in a short private directory when that path is too long. *start_seconds* covers the
    recovery after a crash. *fast_and_unsafe* is for tests: the cluster does not survive a loss of power.
    Call it from the main thread. Raises Busy when another program holds the directory, Stalled or BadUsage when a person must
    act, Unreachable when the server does not start.
    """
    make_private_directory(directory)
    with ExitStack() as held:
        held.enter_context(hold_directory(directory, server="Postgres"))
        cluster = _find_cluster(directory, fast_and_unsafe=fast_and_unsafe)
        binary = await find_postgres(cluster.account, major=_find_major(cluster.files))
        password = get_password(cluster.directory / "password")
        if not cluster.files.is_dir():
            await _make_cluster(cluster, binary, password)
        _check_major(cluster.files, binary)
        pid_file = cluster.files / "postmaster.pid"
        await end_orphan(pid_file, directory=cluster.files, trace=str(cluster.files), stop_signal=signal.SIGINT)
        place = open_socket_directory(run_directory, account=cluster.account, server="postgres", socket=SOCKET)
        sockets = held.enter_context(place)
        child = await _start(cluster, binary, sockets, seconds=start_seconds)
        try:
            url = f"postgresql://{NAME}:{password}@/{NAME}?host={quote(str(sockets), safe='/')}&port=5432"
            await _make_database(url, cluster.directory)
            yield PostgresServer(url, binary.version.text, binary.warnings, child)
        finally:
            await _stop(child, seconds=stop_seconds)


async def _stop(child: Child, *, seconds: float) -> None:
    """Shut down fast, then at once (the next start recovers), then by force."""
    await child.stop((signal.SIGINT, seconds), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


def _find_cluster(directory: Path, *, fast_and_unsafe: bool) -> _Cluster:
    return _Cluster(directory.absolute(), find_account(directory / "data"), not fast_and_unsafe)


def _find_major(files: Path) -> int | None:
    """Return the major version that made *files*, or none when there are none. Raises Stalled when it cannot be told."""
    if not files.is_dir():
        return None
    try:
        return int((files / "PG_VERSION").read_text("ascii"))
    except (OSError, ValueError) as error:
        raise Stalled(
            "postgres_files",
            f"{files} is not a Postgres cluster: its PG_VERSION cannot be read.",
            hint="Restore it from a backup, or move the directory away: the next start makes a new one and syncs again.",
        ) from error


def _check_major(files: Path, binary: Binary) -> None:
    major = _find_major(files)
    if major != binary.version.major:
        raise Stalled(
            "postgres_version",
            f"{files} was made by Postgres {major}, and this machine has only Postgres {binary.version.text}.",
            hint=f"Install Postgres {major} beside it, or back up with the syncd that made it and restore here, "
            "or move the directory away: the next start makes a new one and syncs again.",
        )


def _remove_unfinished(directory: Path) -> None:
    for leftover in directory.glob(f"{FRESH}*"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


async def _make_cluster(cluster: _Cluster, binary: Binary, password: str) -> None:
    """Make a cluster beside its final name, which only a complete one gets."""
    await asyncio.to_thread(_remove_unfinished, cluster.directory)  # of a start that was killed
    fresh = Path(tempfile.mkdtemp(prefix=FRESH, dir=cluster.directory))
    try:
        make_private_directory(fresh, account=cluster.account)
        child = await _run_initdb(cluster, binary, fresh, _put_secret(cluster, password))
        if child.exit_code != 0:
            raise make_failure("postgres_initdb", f"Postgres could not make its files in {cluster.directory}", child)
        _publish(fresh, cluster.files)
    finally:
        await asyncio.to_thread(_remove_unfinished, cluster.directory)


async def _run_initdb(cluster: _Cluster, binary: Binary, fresh: Path, secret: Path) -> Child:
    with (
        open_place(fresh, account=cluster.account) as files,
        open_place(secret, account=cluster.account) as password_file,
    ):
        arguments = [
            f"--pgdata={files.path}", f"--pwfile={password_file.path}", f"--username={NAME}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale=C", "--data-checksums", *_list_locale_options(binary),
        ]  # fmt: skip
        command = Command(
            binary.program.with_name("initdb"),
            arguments if cluster.is_durable else [*arguments, "--no-sync", "--wal-segsize=1"],
            cluster.account,
            signal.SIGKILL,
            (files.descriptor, password_file.descriptor),
        )
        return await run_child(command, log=cluster.log, seconds=INITDB_SECONDS)


def _publish(fresh: Path, files: Path) -> None:
    fresh.rename(files)
    put_directory_on_disk(files.parent)


def _list_locale_options(binary: Binary) -> tuple[str, ...]:
    """Return the provider that sorts the same on every system; Postgres has it since 17."""
    return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if binary.version.major >= 17 else ()


def _put_secret(cluster: _Cluster, password: str) -> Path:
    """Put the password where initdb can read it: the account may not read ours."""
    descriptor, path = tempfile.mkstemp(prefix=FRESH, dir=cluster.directory)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(password)
        if cluster.account is not None:
            os.fchown(descriptor, cluster.account.uid, cluster.account.gid)
    return Path(path)


async def _start(cluster: _Cluster, binary: Binary, sockets: Path, *, seconds: float) -> Child:
    """Return the server when it accepts connections. Raises when it ends or does not get there in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        remaining = deadline - asyncio.get_running_loop().time()
        child = await _start_once(cluster, binary, sockets)
        try:
            if await child.wait_until(_make_ready_check(cluster.files, child), seconds=remaining):
                return child
        except BaseException:
            await _stop(child, seconds=5.0)
            raise
        timed_out = child.exit_code is None
        await _stop(child, seconds=5.0)
        if timed_out or STILL_IN_USE not in child.last_words():
            raise make_failure("postgres_start", f"Postgres did not start in {cluster.directory}", child)
        await asyncio.sleep(0.05)


async def _start_once(cluster: _Cluster, binary: Binary, sockets: Path) -> Child:
    with ExitStack() as places:
        files = places.enter_context(open_place(cluster.files, account=cluster.account))
        socket = places.enter_context(open_place(sockets, account=cluster.account))
        settings = SETTINGS | {"unix_socket_directories": _quote_list(socket.path)}
        if not cluster.is_durable:
            settings |= FAST_AND_UNSAFE_SETTINGS
        arguments = ["-D", files.path, *(part for item in settings.items() for part in ("-c", "=".join(item)))]
        descriptors = (files.descriptor, socket.descriptor)
        command = Command(binary.program, arguments, cluster.account, signal.SIGINT, descriptors)
        return await start_child(command, log=cluster.log)


def _quote_list(path: str) -> str:
    """Quote *path* as the one element of a list setting, where a comma would separate."""
    return '"' + path.replace('"', '""') + '"'


def _make_ready_check(files: Path, child: Child) -> Callable[[], Awaitable[bool]]:
    async def is_ready() -> bool:
        return _is_ready(files / "postmaster.pid", child.pid)

    return is_ready


def _is_ready(pid_file: Path, pid: int) -> bool:
    """Return whether the lock file is this server's and says ready: a stale one may say so too."""
    try:
        lines = pid_file.read_text("utf-8", "surrogateescape").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > STATUS_LINE and lines[0] == str(pid) and lines[STATUS_LINE].strip() == "ready"


async def _make_database(url: str, directory: Path) -> None:
    """Make the database if it is missing. Raises Stalled when the server does not know our password."""
    try:
        connection = await asyncpg.connect(url, database="postgres", timeout=CONNECT_SECONDS)
    except asyncpg.InvalidPasswordError as error:
        raise Stalled(
            "postgres_password",
            f"The Postgres in {directory} refuses the password in {directory / 'password'}.",
            hint="Put that file back from a backup, or move the directory away: the next start makes a new one and syncs again.",
        ) from error
    try:
        if not await connection.fetchval("select exists (select from pg_database where datname = $1)", NAME):
            await connection.execute(f"create database {NAME}")
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
