"""Where a command finds the database: the settings, or the `syncd up` that runs on this data directory."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from syncd.adapters.data_directory import Running, find_running
from syncd.adapters.postgres.connections import Pool, open_pool
from syncd.adapters.postgres.tenants import Tenant, find_tenant
from syncd.errors import NotFound, Unreachable
from syncd.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Desk:
    """What commands work with: the web login, which sees one tenant at a time."""

    settings: Settings
    pool: Pool
    redis_url: str | None


def load_command_settings(arguments: argparse.Namespace) -> tuple[Settings, Running | None]:
    """Return the settings; URLs that are not set are those of the `up` that runs on the data directory, if one does."""
    settings = load_settings(data_dir=make_data_directory(arguments))
    running = find_running(settings.data_dir)
    if running is None or settings.web_database_url is not None:
        return settings, running
    return settings.model_copy(
        update={
            "database_url": SecretStr(running.database_url),
            "sync_database_url": SecretStr(running.sync_database_url),
            "web_database_url": SecretStr(running.web_database_url),
            "read_database_url": SecretStr(running.read_database_url),
            "redis_url": SecretStr(running.redis_url),
            "master_keys": settings.master_keys or SecretStr(running.master_keys),
        }
    ), running


def make_data_directory(arguments: argparse.Namespace) -> Path | None:
    """Return the data directory that the command line names."""
    return Path(arguments.data_dir).absolute() if arguments.data_dir else None


@asynccontextmanager
async def open_desk(arguments: argparse.Namespace) -> AsyncIterator[Desk]:
    """Open the database for one command. Raises `Unreachable` when there is none to be found."""
    settings, _ = load_command_settings(arguments)
    if settings.web_database_url is None:
        raise Unreachable(
            "no_database",
            f"No database is named, and no `syncd up` runs on {settings.data_dir}.",
            hint="Start `syncd up`, or set SYNCD_WEB_DATABASE_URL.",
        )
    async with open_pool(settings.web_database_url.get_secret_value(), size=2) as pool:
        yield Desk(settings, pool, settings.redis_url.get_secret_value() if settings.redis_url else None)


async def get_tenant(desk: Desk, name: str) -> Tenant:
    """Return the tenant of this name. Raises `NotFound`."""
    async with desk.pool.acquire() as connection:
        tenant = await find_tenant(connection, name)
    if tenant is None:
        raise NotFound(
            "tenant_not_found",
            f"There is no tenant {name}.",
            hint="`syncd tenant list` shows them; `syncd tenant add` adds one.",
        )
    return tenant
