import asyncio
import os
import signal
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import psutil
import pytest

from syncd.adapters.embedded.postgres import open_postgres
from syncd.errors import BadUsage, Busy, Stalled, Unreachable
from tests.adapters.embedded.places import list_open_to_others, list_running_in


def get_socket_directory(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


async def fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_a_cluster_starts_serves_keeps_its_rows_and_leaves_nothing_running(home: Path) -> None:
    async with open_postgres(home / "pg", run_directory=home / "run", fast_and_unsafe=True) as first:
        await fetch(first.url, "create table kept as select 7 as number")
        assert await fetch(first.url, "show server_version") == first.version
        assert await fetch(first.url, "show listen_addresses") == ""
        assert await fetch(first.url, "show data_checksums") == "on"
        assert await fetch(first.url, "select lower('ÄÉ')") == "äé"
        assert list_running_in(home)
    assert list_running_in(home) == []
    assert list(get_socket_directory(first.url).iterdir()) == []
    assert first.child.exit_code == 0
    async with open_postgres(home / "pg", run_directory=home / "run", fast_and_unsafe=True) as second:
        assert second.url == first.url
        assert await fetch(second.url, "select number from kept") == 7


async def test_rows_that_were_committed_survive_the_killing_of_the_server(home: Path) -> None:
    async with open_postgres(home / "pg", run_directory=home / "run") as server:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert await fetch(server.url, f"show {setting}") == "on"
        await fetch(server.url, "create table kept as select 7 as number")
        os.kill(server.child.pid, signal.SIGKILL)
        assert await server.child.wait() == -signal.SIGKILL
    async with open_postgres(home / "pg", run_directory=home / "run") as server:
        assert await fetch(server.url, "select number from kept") == 7


async def test_files_and_socket_are_private_and_a_wrong_password_is_refused(home: Path) -> None:
    async with open_postgres(home / "pg", run_directory=home / "run", fast_and_unsafe=True) as server:
        sockets = get_socket_directory(server.url)
        assert sockets == home / "run/postgres-socket"
        assert list_open_to_others(home) == []
        password = (home / "pg/password").read_text()
        assert len(password) >= 32
        assert all(password not in argument for argument in psutil.Process(server.child.pid).cmdline())
        assert all(password not in value for value in psutil.Process(server.child.pid).environ().values())
        assert password not in repr(server)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url.replace(password, "wrong"))
    assert password not in (home / "pg/postgres.log").read_text()


async def test_a_path_that_is_too_long_or_has_a_comma_gets_a_short_private_socket(made: Path, tmp_path: Path) -> None:
    for run_directory in (tmp_path / ("long" * 30), tmp_path / "a,b"):
        async with open_postgres(made / "postgres", run_directory=run_directory, fast_and_unsafe=True) as server:
            sockets = get_socket_directory(server.url)
            assert not sockets.is_relative_to(tmp_path)
            assert list_open_to_others(sockets.parent) == []
            assert await fetch(server.url, "select 1") == 1
        assert not sockets.parent.exists()


async def test_a_directory_with_a_difficult_name_serves(made: Path) -> None:
    difficult = made / "a b'é%\"c:d\\x"
    async with open_postgres(difficult / "pg", run_directory=difficult, fast_and_unsafe=True) as server:
        assert quote(str(difficult), safe="/") in server.url
        assert await fetch(server.url, "select 1") == 1


async def test_a_second_owner_of_the_same_directory_is_busy(made: Path) -> None:
    async with open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True) as server:
        with pytest.raises(Busy) as caught:
            async with open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True):
                pass
        assert caught.value.code == "data_directory_held"
        assert await fetch(server.url, "select 1") == 1


async def test_a_cluster_of_another_major_version_is_left_alone_and_says_what_to_do(home: Path) -> None:
    files = home / "pg/data"
    files.mkdir(parents=True, mode=0o700)
    (files / "PG_VERSION").write_text("13\n")
    if os.geteuid() == 0:
        os.chown(files, 65534, 65534)
    with pytest.raises(Stalled) as caught:
        async with open_postgres(home / "pg", run_directory=home / "run"):
            pass
    assert caught.value.code == "postgres_version"
    assert "13" in caught.value.message
    assert "back up" in caught.value.hint
    assert [path.name for path in files.iterdir()] == ["PG_VERSION"]


async def test_a_directory_without_a_version_is_not_taken_for_a_cluster(home: Path) -> None:
    (home / "pg/data").mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(home / "pg/data", 65534, 65534)
    with pytest.raises(Stalled) as caught:
        async with open_postgres(home / "pg", run_directory=home / "run"):
            pass
    assert caught.value.code == "postgres_files"


async def test_a_place_that_cannot_hold_a_directory_is_named(home: Path) -> None:
    (home / "file").touch()
    with pytest.raises(BadUsage, match="cannot be used") as caught:
        async with open_postgres(home / "file/pg", run_directory=home / "run"):
            pass
    assert caught.value.code == "data_directory"
    assert str(home / "file/pg") in caught.value.message


async def test_a_lost_password_is_said_and_nothing_is_left_running(made: Path) -> None:
    async with open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True):
        pass
    (made / "postgres/password").unlink()
    with pytest.raises(Stalled) as caught:
        async with open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True):
            pass
    assert caught.value.code == "postgres_password"
    assert list_running_in(made) == []


async def test_what_a_killed_start_left_half_made_is_not_used(home: Path) -> None:
    half = home / "pg/initdb-left"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    async with open_postgres(home / "pg", run_directory=home / "run", fast_and_unsafe=True) as server:
        assert await fetch(server.url, "select 1") == 1
    assert sorted(path.name for path in (home / "pg").iterdir()) == ["data", "owner.lock", "password", "postgres.log"]


async def test_a_stale_pid_file_that_names_a_living_stranger_does_not_stop_the_start(made: Path) -> None:
    async with open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True) as server:
        lines = (made / "postgres/data/postmaster.pid").read_text().splitlines()
        os.kill(server.child.pid, signal.SIGKILL)
        await server.child.wait()
        lines[0] = str(os.getppid())
        (made / "postgres/data/postmaster.pid").write_text("\n".join(lines) + "\n")
    async with open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True) as server:
        assert await fetch(server.url, "select 1") == 1


async def test_a_server_that_cannot_start_says_its_last_words(made: Path) -> None:
    async with open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True):
        pass
    with (made / "postgres/data/postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(Unreachable, match="no_such_setting") as caught:
        async with open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True):
            pass
    assert caught.value.code == "postgres_start"
    assert str(made / "postgres/postgres.log") in caught.value.hint


async def test_a_failing_owner_stops_its_server(made: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True):
            raise ZeroDivisionError
    assert list_running_in(made) == []


async def test_no_server_runs_as_root_though_its_files_are_where_only_we_can_walk(made: Path) -> None:
    async with open_postgres(made / "postgres", run_directory=made / "run", fast_and_unsafe=True) as server:
        assert all(uid != 0 for uid in psutil.Process(server.child.pid).uids())
        assert list_open_to_others(made) == []


async def test_a_server_is_not_started_from_another_thread(home: Path) -> None:
    async def start() -> None:
        async with open_postgres(home / "pg", run_directory=home / "run", fast_and_unsafe=True):
            pass

    with pytest.raises(RuntimeError, match="main thread"):
        await asyncio.to_thread(asyncio.run, start())
