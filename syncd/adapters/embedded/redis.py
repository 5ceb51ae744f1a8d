"""The embedded Redis (Valkey, or a newer one on PATH): one server in one directory, open to one user with few commands.

In the directory stand one folder for each product and major version (their files do not go back), `password`, `redis.log` and
`owner.lock`. What is in it may be lost at any time: Postgres decides, Redis coordinates.
"""

import hashlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as NotConnected

from syncd.adapters.embedded.account import Account, find_account
from syncd.adapters.embedded.binaries import Binary, find_redis
from syncd.adapters.embedded.child import Child, Command, start_child
from syncd.adapters.embedded.directories import (
    get_password,
    hold_directory,
    make_private_directory,
    open_place,
    open_socket_directory,
)
from syncd.adapters.embedded.failures import make_failure
from syncd.adapters.embedded.orphans import end_orphan

USER = "syncd"
SOCKET = "redis.sock"
PING_SECONDS = 5.0
MEMORY_MAX_BYTES = 256 * 1024 * 1024
# What locks, notices and rate budgets need, and what status reads. Nothing that loads code, files or settings.
PERMISSIONS = (
    "~syncd:* &syncd:* -@all +@read +@write +@connection +@transaction +@pubsub "
    "+eval +evalsha +script|load +script|exists -@dangerous +info +config|get +flushdb +time"
)


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running server. *url* holds the password; *version* is that of *product* (Valkey or Redis)."""

    url: str = field(repr=False)
    product: str
    version: str
    warnings: tuple[str, ...]
    child: Child = field(repr=False)


@asynccontextmanager
async def open_redis(
    directory: Path,
    *,
    run_directory: Path,
    start_seconds: float = 30.0,
    stop_seconds: float = 10.0,
) -> AsyncIterator[RedisServer]:
    """Yield a running server whose files are in *directory*.

    The socket is below *run_directory*, or in a short private directory when that path is too long. The user of the url reaches
    keys and channels that begin with `syncd:`. Call it from the main thread. Raises Busy when another program holds the
    directory, Stalled or BadUsage when a person must act, Unreachable when the server does not start.
    """
    make_private_directory(directory)
    with ExitStack() as held:
        held.enter_context(hold_directory(directory, server="Redis"))
        account = _find_account(directory)
        binary = await find_redis(account)
        files = _find_files(directory, binary)
        make_private_directory(files, account=account)
        password = get_password(directory / "password")
        place = open_socket_directory(run_directory, account=account, server="redis", socket=SOCKET)
        sockets = held.enter_context(place)
        await end_orphan(files / "server.pid", directory=files, trace=str(sockets), stop_signal=signal.SIGTERM)
        url = f"unix://{USER}:{password}@{quote(str(sockets / SOCKET), safe='/')}"
        child = await _start(binary, account, files, sockets, password)
        try:
            await _wait_ready(child, url, files, seconds=start_seconds)
            version = binary.version
            yield RedisServer(url, str(version.product), version.text, binary.warnings, child)
        finally:
            await child.stop((signal.SIGTERM, stop_seconds), (signal.SIGKILL, 5.0))


def _find_account(directory: Path) -> Account | None:
    return find_account(next(directory.glob("*-*/"), directory / "none yet"))


def _find_files(directory: Path, binary: Binary) -> Path:
    return directory.absolute() / f"{binary.version.product.lower()}-{binary.version.major}"


async def _start(binary: Binary, account: Account | None, files: Path, sockets: Path, password: str) -> Child:
    with ExitStack() as places:
        home = places.enter_context(open_place(files, account=account))
        socket = places.enter_context(open_place(sockets, account=account))
        command = Command(
            binary.program,
            ["-"],  # the settings come by standard input: a password in the arguments would be everybody's
            account,
            signal.SIGTERM,
            (home.descriptor, socket.descriptor),
            make_settings(home.path, socket.path, password=password).encode("utf-8", "surrogateescape"),
        )
        return await start_child(command, log=files.parent / "redis.log")


def make_settings(home: str, sockets: str, *, password: str) -> str:
    """Return the configuration of a private server, in the words that Redis 6.2 knows."""
    digest = hashlib.sha256(password.encode()).hexdigest()
    lines = (
        "port 0",
        f"unixsocket {_quote(f'{sockets}/{SOCKET}')}",
        "unixsocketperm 700",
        "daemonize no",
        f"dir {_quote(home)}",
        f"pidfile {_quote(f'{home}/server.pid')}",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        f"maxmemory {MEMORY_MAX_BYTES}",
        "maxmemory-policy noeviction",
        "user default off",
        f"user {USER} on #{digest} {PERMISSIONS}",
    )
    return "\n".join(lines) + "\n"


def _quote(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


async def _wait_ready(child: Child, url: str, files: Path, *, seconds: float) -> None:
    client = Redis.from_url(url, socket_connect_timeout=PING_SECONDS, socket_timeout=PING_SECONDS, retry=None)
    try:
        if not await child.wait_until(_make_ready_check(client), seconds=seconds):
            hint = f"If its files are damaged, move {files} away: nothing that matters is lost."
            raise make_failure("redis_start", f"Redis did not start in {files}", child, hint=hint)
    finally:
        await client.aclose()


def _make_ready_check(client: Redis) -> Callable[[], Awaitable[bool]]:
    async def is_ready() -> bool:
        try:
            return bool(await client.ping())
        except (NotConnected, BusyLoadingError):
            return False  # not listening yet, or still reading its files

    return is_ready
