"""The schema only goes forward: each file once, whole or not at all, and never another file under the same number."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer, open_postgres
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.folder.source import FolderSource
from syncd.adapters.postgres import migrations as runner
from syncd.adapters.postgres.connections import Connection, open_connection
from syncd.adapters.postgres.migrations import list_migrations, list_pending, run_migrations
from syncd.adapters.postgres.mirror import has_vectors
from syncd.adapters.postgres.roles import Login, make_login_url, put_groups, put_logins
from syncd.adapters.postgres.statements import sql_directory
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject
from syncd.errors import Busy, Rejected, Stalled
from tests.adapters.postgres.catalogue import list_faults
from tests.databases import LOGINS, Database, name_database, run_statement
from tests.mirror import LIMITS, open_mirror

NUMBERS = [migration.number for migration in list_migrations()]


@pytest_asyncio.fixture
async def fresh_url(postgres: PostgresServer, template: str) -> AsyncIterator[str]:
    """The migrator's URL of an empty database; the roles are there, since they belong to the cluster."""
    assert template
    name = f"fresh_{uuid4().hex}"
    await run_statement(postgres.url, f"create database {name} template template0")
    yield name_database(postgres.url, name)
    await run_statement(postgres.url, f"drop database {name} with (force)")


@pytest_asyncio.fixture
async def connection(fresh_url: str) -> AsyncIterator[Connection]:
    """The migrator in an empty database that is prepared for its first migration."""
    async with open_connection(fresh_url) as opened:
        await put_groups(opened)
        yield opened


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Two good migrations."""
    write(tmp_path, "0001_first.sql", "create table first (id integer primary key);\n")
    write(tmp_path, "0002_second.sql", "create table second (id integer primary key);\n-- two lines\n")
    return tmp_path


def write(directory: Path, name: str, script: str) -> None:
    (directory / name).write_bytes(script.encode())


async def list_tables(connection: Connection) -> list[str]:
    rows = await connection.fetch("select tablename from pg_tables where schemaname = 'syncd' order by 1")
    return [row[0] for row in rows]


async def test_every_migration_runs_once_and_is_recorded(connection: Connection) -> None:
    assert [one.number for one in await list_pending(connection, list_migrations())] == NUMBERS
    assert [one.number for one in await run_migrations(connection, list_migrations())] == NUMBERS
    assert await run_migrations(connection, list_migrations()) == ()
    rows = await connection.fetch("select number, name, checksum from schema_migrations order by number")
    assert [tuple(row) for row in rows] == [(one.number, one.name, one.checksum) for one in list_migrations()]


async def test_asking_what_is_pending_changes_nothing(connection: Connection) -> None:
    await list_pending(connection, list_migrations())
    assert await list_tables(connection) == []


async def test_a_failing_migration_leaves_nothing_and_stops_the_rest(connection: Connection, directory: Path) -> None:
    write(directory, "0002_second.sql", "create table second (id integer); insert into second values (1 / 0);")
    write(directory, "0003_third.sql", "create table third (id integer);")
    with pytest.raises(Stalled, match="0002_second failed and left nothing behind: division by zero") as failed:
        await run_migrations(connection, list_migrations(directory))
    assert failed.value.code == "migration_failed"
    assert await list_tables(connection) == ["first", "schema_migrations"]
    assert [one.number for one in await list_pending(connection, list_migrations(directory))] == [2, 3]
    write(directory, "0002_second.sql", "create table second (id integer);")
    assert len(await run_migrations(connection, list_migrations(directory))) == 2


@pytest.mark.parametrize(
    "word", ["commit", "BEGIN", "end", "rollback", "start transaction", "savepoint x", "-- so\ncommit"]
)
def test_a_migration_cannot_end_its_own_transaction(directory: Path, word: str) -> None:
    write(directory, "0003_third.sql", f"create table third (id integer);\n{word};\ncreate table half (id integer);")
    with pytest.raises(Rejected, match=r"0003_third\.sql has a statement that begins with"):
        list_migrations(directory)


def test_the_word_commit_in_a_comment_a_text_or_a_body_is_no_statement(directory: Path) -> None:
    script = """
    -- it's begun;
    commit_log /* ; commit; */; select '; commit; it''s';
    do $$ begin perform 1; commit; end $$; do $x$ begin; $$ ; end; $x$
    """
    write(directory, "0003_third.sql", script)
    assert len(list_migrations(directory)) == 3


async def test_an_edited_file_is_refused(connection: Connection, directory: Path) -> None:
    await run_migrations(connection, list_migrations(directory))
    write(directory, "0001_first.sql", "create table first (id bigint primary key);\n")
    with pytest.raises(Stalled, match="0001_first was changed after it was applied"):
        await run_migrations(connection, list_migrations(directory))


async def test_a_missing_file_is_refused(connection: Connection, directory: Path) -> None:
    await run_migrations(connection, list_migrations(directory))
    (directory / "0002_second.sql").unlink()
    with pytest.raises(Stalled, match="0002_second, which this program does not have"):
        await list_pending(connection, list_migrations(directory))


async def test_a_file_below_the_newest_is_refused(connection: Connection, directory: Path) -> None:
    (directory / "0001_first.sql").rename(directory / "0003_first.sql")
    await run_migrations(connection, list_migrations(directory))
    write(directory, "0001_late.sql", "create table late (id integer);")
    with pytest.raises(Stalled, match="0001_late stands below 0003"):
        await run_migrations(connection, list_migrations(directory))


async def test_a_checkout_with_other_line_ends_is_the_same_migration(connection: Connection, directory: Path) -> None:
    await run_migrations(connection, list_migrations(directory))
    for path in directory.glob("*.sql"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert await run_migrations(connection, list_migrations(directory)) == ()


@pytest.mark.parametrize("name", ["1_short.sql", "0003-dash.sql", "0003_Upper.sql", "notes.sql"])
def test_a_misnamed_file_is_refused(directory: Path, name: str) -> None:
    write(directory, name, "select 1;")
    with pytest.raises(Rejected, match=r"is not named NNNN_name\.sql"):
        list_migrations(directory)


def test_two_files_with_one_number_are_refused(directory: Path) -> None:
    write(directory, "0002_other.sql", "select 1;")
    with pytest.raises(Rejected, match="the same number"):
        list_migrations(directory)


async def test_of_four_runners_at_once_exactly_one_works(connection: Connection, fresh_url: str) -> None:
    async def run() -> int:
        async with open_connection(fresh_url) as own:
            return len(await run_migrations(own, list_migrations()))

    assert sorted(await asyncio.gather(*(run() for _ in range(4)))) == [0, 0, 0, len(NUMBERS)]
    assert await list_pending(connection, list_migrations()) == ()


async def test_a_runner_that_waited_long_enough_says_so(
    connection: Connection, fresh_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LOCK_WAIT_SECONDS", 0.0)
    async with open_connection(fresh_url) as other:
        await other.execute("select pg_advisory_lock(495522931556)")
        with pytest.raises(Busy, match="Another migration"):
            await run_migrations(connection, list_migrations())
    assert await list_tables(connection) == []


async def test_a_migration_works_under_timeouts_as_the_owner(connection: Connection, directory: Path) -> None:
    write(
        directory,
        "0003_settings.sql",
        """
        create table settings as
        select current_setting('lock_timeout') as lock_timeout, current_setting('statement_timeout') as statement_timeout, current_user::text as role;
        """,
    )
    await run_migrations(connection, list_migrations(directory))
    row = await connection.fetchrow("select lock_timeout, statement_timeout, role from settings")
    assert row is not None
    assert tuple(row) == ("2s", "10min", "syncd_owner")
    assert await connection.fetchval("select current_setting('lock_timeout')") == "0"
    assert await connection.fetchval("select current_user") != "syncd_owner"


async def test_a_migration_does_not_queue_before_readers_for_long(
    connection: Connection, fresh_url: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_migrations(connection, list_migrations(directory))
    write(directory, "0003_wait.sql", "alter table first add column more integer;")
    monkeypatch.setattr(runner, "LOCK_TIMEOUT", "10ms")
    async with open_connection(fresh_url) as reader, reader.transaction():
        await reader.execute("lock table first in access share mode")
        with pytest.raises(Stalled, match="lock timeout"):
            await run_migrations(connection, list_migrations(directory))


async def test_missing_roles_are_named(connection: Connection) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("alter role syncd_collect rename to hidden_collect")
    with pytest.raises(Stalled, match="lacks the roles syncd_collect") as refused:
        await run_migrations(connection, list_migrations())
    assert "syncd migrate --roles" in refused.value.hint
    await transaction.rollback()


async def test_preparing_roles_twice_changes_nothing(connection: Connection) -> None:
    await put_groups(connection)
    await put_groups(connection)
    await put_logins(connection, list(LOGINS))
    await put_logins(connection, list(LOGINS))
    await run_migrations(connection, list_migrations())
    assert await list_faults(connection) == []


async def test_a_login_that_may_not_prepare_roles_is_told(postgres: PostgresServer, fresh_url: str) -> None:
    weak = Login("weak_login", "secret", "")
    await run_statement(postgres.url, "create role weak_login login password 'secret'")
    try:
        async with open_connection(make_login_url(fresh_url, weak)) as connection:
            with pytest.raises(Stalled, match="may not prepare roles and schema"):
                await put_groups(connection)
    finally:
        await run_statement(postgres.url, "drop role weak_login")


async def test_a_member_of_the_owner_migrates_what_others_prepared(connection: Connection, fresh_url: str) -> None:
    await connection.execute("create role plain_migrator login password 'secret' in role syncd_owner")
    try:
        async with open_connection(make_login_url(fresh_url, Login("plain_migrator", "secret", ""))) as plain:
            assert len(await run_migrations(plain, list_migrations())) == len(NUMBERS)
    finally:
        await connection.execute("drop role plain_migrator")


async def test_a_migrator_who_is_no_superuser_does_everything(tmp_path: Path) -> None:
    """On a managed Postgres nobody is a superuser: CREATEROLE, and CREATE on the database, are enough."""
    migrator = Login("modest_migrator", "secret", "")
    async with open_postgres(tmp_path / "cluster", run_directory=tmp_path / "run", fast_and_unsafe=True) as server:
        await run_statement(server.url, "create role modest_migrator login createrole password 'secret'")
        await run_statement(server.url, "create database modest")
        await run_statement(server.url, "grant create on database modest to modest_migrator")
        url = make_login_url(name_database(server.url, "modest"), migrator)
        async with open_connection(url) as connection:
            for _ in range(2):
                await put_groups(connection)
                await put_logins(connection, list(LOGINS))
                await run_migrations(connection, list_migrations())
            assert await list_pending(connection, list_migrations()) == ()
        async with open_connection(make_login_url(url, LOGINS[2])) as reader:
            assert await reader.fetchval("select count(*) from documents") == 0
        async with open_connection(name_database(server.url, "modest")) as superuser:
            assert await list_faults(superuser) == []


HIDE_VECTOR = "create temp view pg_available_extensions as select * from pg_catalog.pg_available_extensions where name <> 'vector'"
OLD_VECTOR = (
    "create temp view pg_available_extensions as select 'vector'::name as name, '0.6.2'::text as default_version"
)


@pytest.mark.parametrize("statement", [HIDE_VECTOR, OLD_VECTOR])
async def test_a_server_without_a_new_pgvector_gets_the_schema_with_arrays(fresh_url: str, statement: str) -> None:
    async with open_connection(fresh_url) as connection:
        await connection.execute(statement)  # a temporary relation is found before the catalogue's
        await put_groups(connection)
        assert await connection.fetchval("select count(*) from pg_extension where extname = 'vector'") == 0
        await run_migrations(connection, list_migrations())
        assert not await has_vectors(connection)
        assert await list_faults(connection) == []


async def test_a_project_is_synced_without_pgvector(
    connection: Connection, fresh_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    await connection.execute("drop extension vector")
    await run_migrations(connection, list_migrations())
    await put_logins(connection, list(LOGINS))
    database = Database(fresh_url, *(make_login_url(fresh_url, login) for login in LOGINS))
    (tmp_path / "a.md").write_text("# Alpha\n\nalpha beta\n")
    source = FolderSource(tmp_path, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)
    async with open_mirror(database, redis_server) as mirror:
        project = await mirror.add_project(NewProject(name="guide", source="folder", folder=str(tmp_path)))
        await mirror.sync(project, source)
        (tmp_path / "a.md").write_text("# Alpha\n\nalpha gamma\n")
        run = await mirror.sync(project, source)
    assert run is not None
    assert (run.revision, run.modified) == (2, 1)
    rows = await connection.fetch("select document_frequency from term_stats where document_frequency <> 0")
    assert {row[0] for row in rows} == {1}
    assert await connection.fetchval("select bool_and(cardinality(term_ids) = cardinality(impacts)) from chunks")


async def test_every_login_has_the_limits_of_its_group(database: Database) -> None:
    names = (
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "max_parallel_workers_per_gather",
    )
    found = {}
    for group, url in (("sync", database.sync_url), ("web", database.web_url), ("read", database.read_url)):
        async with open_connection(url) as connection:
            found[group] = [await connection.fetchval("select current_setting($1)", name) for name in names]
    assert found["sync"][:3] == found["web"][:3] == ["30s", "10s", "5s"]
    assert found["read"] == ["2s", "500ms", "5s", "0"]


async def test_an_agents_statement_ends_after_two_seconds_of_the_server(database: Database) -> None:
    async with open_connection(database.read_url) as connection:
        await connection.execute("set statement_timeout = '1ms'")  # the edge, brought near: the default is shown above
        with pytest.raises(Exception, match="statement timeout"):
            await connection.execute("select pg_sleep(5)")


def test_every_index_has_its_reason_above_it() -> None:
    for path in sorted((sql_directory() / "migrations").glob("*.sql")):
        above = ""
        for line in path.read_text().splitlines():
            if line.startswith(("create index", "create unique index")):
                assert above.startswith(("-- ", "create index", "create unique index")), f"{path.name}: {line}"
            above = line
