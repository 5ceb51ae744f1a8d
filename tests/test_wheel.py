"""The wheel carries everything that the program needs: it migrates a database without the checkout."""

import os
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.migrations import list_migrations, list_pending
from tests.databases import name_database, run_statement

CHECKOUT = Path(__file__).parent.parent
MIGRATE = """
import asyncio, os
from pathlib import Path
import syncd
from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.migrations import list_migrations, run_migrations
from syncd.adapters.postgres.roles import put_groups
from syncd.adapters.postgres.statements import sql_directory

async def migrate():
    async with open_connection(os.environ["SYNCD_DATABASE_URL"]) as connection:
        await put_groups(connection)
        print(len(await run_migrations(connection, list_migrations())))

print(Path(syncd.__file__).parent)
print(sql_directory())
asyncio.run(migrate())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout, built as pip builds it and without the network."""
    target = tmp_path_factory.mktemp("wheel")
    ended = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)],
        cwd=CHECKOUT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    (built,) = target.glob("syncd-*.whl")
    return built


@pytest_asyncio.fixture
async def fresh_url(postgres: PostgresServer) -> AsyncIterator[str]:
    name = f"fresh_{uuid4().hex}"
    await run_statement(postgres.url, f"create database {name} template template0")
    yield name_database(postgres.url, name)
    await run_statement(postgres.url, f"drop database {name} with (force)")


def test_the_wheel_holds_every_file_of_the_packages_and_no_test(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(path.relative_to(CHECKOUT))
        for package in ("syncd", "mcp_server")
        for path in (CHECKOUT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    sql = {f"syncd/{path.relative_to(CHECKOUT)}" for path in (CHECKOUT / "sql").rglob("*") if path.is_file()}
    assert {name for name in names if ".dist-info/" not in name} == wanted | sql
    assert {"syncd/adapters/redis/scripts/acquire.lua", "syncd/sql/migrations/0001_tenants.sql"} <= names


async def test_an_installed_wheel_migrates_without_the_checkout(wheel: Path, fresh_url: str, tmp_path: Path) -> None:
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    zipfile.ZipFile(wheel).extractall(installed)
    elsewhere.mkdir()
    environment = {"PYTHONPATH": str(installed), "SYNCD_DATABASE_URL": fresh_url, "PATH": os.environ["PATH"]}
    ended = subprocess.run(  # noqa: ASYNC221 - nothing else is to happen meanwhile
        [sys.executable, "-c", MIGRATE], cwd=elsewhere, env=environment, check=False, capture_output=True, text=True
    )
    assert ended.stderr == ""
    assert ended.stdout.split() == [str(installed / "syncd"), str(installed / "syncd/sql"), str(len(list_migrations()))]
    async with open_connection(fresh_url) as connection:
        assert await list_pending(connection, list_migrations()) == ()


def test_the_wheel_has_every_file_of_the_status_page(wheel: Path) -> None:
    folder = CHECKOUT / "syncd" / "web" / "static"
    names = {f"syncd/web/static/{path.name}" for path in folder.iterdir()}
    assert len(names) > 20
    assert names - set(zipfile.ZipFile(wheel).namelist()) == set()
