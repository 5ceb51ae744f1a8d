"""`syncd up`: everything in one command."""

import argparse
import asyncio
import os
import socket
import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from syncd.adapters.beside import beside, unless_stopped, wait_for_first
from syncd.adapters.data_directory import Running, announce_running, hold_data_directory
from syncd.adapters.logs import configure_logging
from syncd.adapters.systemd import open_notifier
from syncd.bootstrap import Grounds, find_key_ring, make_github_access, open_parts, utc_now
from syncd.cli.desk import make_data_directory
from syncd.cli.exit_codes import INTERRUPTED
from syncd.cli.projects import complete_project
from syncd.cli.ready import Progress, Ready, open_progress, print_ready
from syncd.cli.run import stopping_by_signal
from syncd.core.projects import NewProject, Project
from syncd.daemon import run_daemon
from syncd.errors import SyncdError, Unreachable
from syncd.services.companion import open_mcp_server
from syncd.services.installation import DEFAULT_TENANT, Installation, Waits, open_installation
from syncd.services.locking import clear_leases
from syncd.services.projects import Shelf, make_folder_project, put_project, wait_until_synced
from syncd.services.repositories import resolve_repository
from syncd.services.sources import FolderAccess
from syncd.settings import Settings, load_settings, require_setting
from syncd.web.server import bind, open_site

# A person waits for the prompt: what a sync has staged by then is used by the next `up`.
DRAIN_SECONDS = 2.0
# The settings that the MCP server reads, beside those that are named below.
MCP_SETTINGS = ("mcp_", "oauth_", "embeddings", "rerank_")


@dataclass(frozen=True, slots=True)
class Sockets:
    """The two addresses, taken before anything is started: a taken port is said at once."""

    http: socket.socket
    mcp: socket.socket

    @property
    def site_url(self) -> str:
        """Return where the endpoint is."""
        return f"http://{_format_address(self.http)}"

    @property
    def status_url(self) -> str:
        """Return where operators look."""
        return f"{self.site_url}/status"

    @property
    def mcp_url(self) -> str:
        """Return where agents connect."""
        return f"http://{_format_address(self.mcp)}/mcp"


@dataclass(frozen=True, slots=True)
class Run:
    """One `up`, from its arguments to its end."""

    arguments: argparse.Namespace
    settings: Settings
    sockets: Sockets
    progress: Progress
    stop: asyncio.Event
    begun: float


async def up_command(arguments: argparse.Namespace) -> int:
    """Start everything, sync the project, print where it is; then go on until Ctrl-C (or with --once, end)."""
    begun = time.monotonic()
    settings = load_settings(
        data_dir=make_data_directory(arguments),
        http_listen=arguments.http,
        mcp_listen=arguments.mcp,
    )
    configure_logging(settings.log, quiet=True)
    stop = asyncio.Event()
    with stopping_by_signal(stop), open_progress() as progress, hold_data_directory(settings.data_dir):
        new = await unless_stopped(stop, _make_project(arguments, settings))
        if new is None:
            return INTERRUPTED
        with (
            bind(settings.http_address, option="--http") as http,
            bind(settings.mcp_address, option="--mcp") as mcp,
        ):
            async with open_installation(
                settings.data_dir,
                database_url=_reveal(settings.database_url),
                redis_url=_reveal(settings.redis_url),
                say=progress.say,
            ) as installation:
                for warning in installation.servers.warnings:
                    progress.warn(warning)
                run = Run(arguments, settings, Sockets(http, mcp), progress, stop, begun)
                return await _run(run, installation, new)


async def _make_project(arguments: argparse.Namespace, settings: Settings) -> NewProject:
    if arguments.repo:
        new = await resolve_repository(
            arguments.repo,
            api_url=settings.github_api_url,
            token=make_github_access(settings, None).find_token(DEFAULT_TENANT),
            name=arguments.name,
        )
    else:
        new = make_folder_project(Path(arguments.folder or "."), roots=None, name=arguments.name, docs_path=None)
    return complete_project(new, arguments)


async def _run(run: Run, installation: Installation, new: NewProject) -> int:
    settings = _complete_settings(run.settings, installation)
    grounds = Grounds(FolderAccess(roots=None, excluded=(settings.data_dir,)), run.progress.report)
    async with open_parts(settings, grounds) as parts, open_site(parts, run.sockets.http):
        if installation.servers.owns_redis:
            await clear_leases(parts.work.store.pool, parts.locking.locks)
        shelf = Shelf(parts.web_pool, installation.tenant.tenant_id, find_key_ring(settings), utc_now)
        since = utc_now()
        project = await put_project(shelf, new, is_named=run.arguments.name is not None)
        run.progress.say(f"Syncing {project.origin}")
        with open_notifier() as notifier:
            async with beside(run_daemon(parts, stop=run.stop, notifier=notifier)) as daemon:
                synced = await _wait_for_first_sync(run, shelf, project, since)
                if synced is not None:
                    await _serve(run, settings, installation, synced)
                run.stop.set()
                await daemon
    return INTERRUPTED if synced is None else 0


async def _wait_for_first_sync(run: Run, shelf: Shelf, project: Project, since: datetime) -> Project | None:
    """Return the synced project, or none when the run is to end first. A project that was synced before goes on without."""
    try:
        return await unless_stopped(run.stop, wait_until_synced(shelf, project, since=since, timeout_seconds=None))
    except SyncdError as error:
        if project.revision == 0:
            raise
        run.progress.warn(f"{error.message} What was synced before is served. {error.hint}")
        return project


async def _serve(run: Run, settings: Settings, installation: Installation, project: Project) -> None:
    """Print where everything is, and with the MCP server beside go on until the end is asked for or a server ends."""
    sockets = run.sockets
    first = installation.first_link
    ready = Ready(
        project,
        sockets.status_url,
        sockets.mcp_url,
        installation.api_key,
        first.make_url(sockets.site_url) if first else None,
        time.monotonic() - run.begun,
    )
    if run.arguments.once:
        run.progress.close()
        print_ready(ready, as_json=run.arguments.json, stays=False)
        return
    run.progress.say("Starting the MCP server")
    running = Running(
        pid=os.getpid(),
        database_url=installation.servers.database_url,
        sync_database_url=installation.sync_url,
        web_database_url=installation.web_url,
        read_database_url=installation.read_url,
        redis_url=installation.servers.redis_url,
        master_keys=installation.master_keys,
        status_url=sockets.status_url,
        mcp_url=sockets.mcp_url,
    )
    async with open_mcp_server(
        sockets.mcp, _make_mcp_environment(settings), log=settings.data_dir / "mcp.log"
    ) as mcp_server:
        with announce_running(settings.data_dir, running):
            run.progress.close()
            print_ready(replace(ready, seconds=time.monotonic() - run.begun), as_json=run.arguments.json, stays=True)
            await _wait_for_end(run.stop, {**installation.servers.waits, "The MCP server": mcp_server.wait})


async def _wait_for_end(stop: asyncio.Event, waits: Waits) -> None:
    """Return when the end is asked for. Raises `Unreachable` when a server ends by itself."""
    _, *servers = await wait_for_first(stop.wait(), *(wait() for wait in waits.values()))
    for name, server in zip(waits, servers, strict=True):
        if server is not None and not stop.is_set():
            raise Unreachable(
                "server_ended",
                f"{name} ended by itself (exit code {server.result()}).",
                hint="Nothing is lost: `syncd up` goes on where it was. The logs are in the data directory.",
            )


def _make_mcp_environment(settings: Settings) -> dict[str, str]:
    """Return what the MCP server needs, and nothing that only the daemon may have."""
    return {
        "SYNCD_READ_DATABASE_URL": require_setting(settings.read_database_url, "SYNCD_READ_DATABASE_URL"),
        "SYNCD_REDIS_URL": require_setting(settings.redis_url, "SYNCD_REDIS_URL"),
        "SYNCD_DATA_DIR": str(settings.data_dir),
        **{f"SYNCD_{name.upper()}": _write(value) for name, value in settings if name.startswith(MCP_SETTINGS)},
        "SYNCD_ENV": settings.env,
        "SYNCD_LOG": settings.log,
    }


def _write(value: object) -> str:
    """Return a setting as it is written in an environment."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)


def _complete_settings(settings: Settings, installation: Installation) -> Settings:
    return settings.model_copy(
        update={
            "sync_database_url": SecretStr(installation.sync_url),
            "web_database_url": SecretStr(installation.web_url),
            "read_database_url": SecretStr(installation.read_url),
            "redis_url": SecretStr(installation.servers.redis_url),
            "master_keys": settings.master_keys or SecretStr(installation.master_keys),
            "drain_seconds": min(settings.drain_seconds, DRAIN_SECONDS),
        }
    )


def _reveal(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _format_address(taken: socket.socket) -> str:
    host, port = taken.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
