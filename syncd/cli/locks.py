"""`syncd lock`: who holds or froze what, and what an operator can do about it."""

import argparse
import getpass
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from syncd.adapters.postgres.projects import list_projects
from syncd.adapters.postgres.transactions import reading
from syncd.adapters.redis.locks import Identity, ProjectLocks, open_redis_client
from syncd.bootstrap import utc_now
from syncd.cli.desk import get_tenant, open_desk
from syncd.cli.output import as_json_object, print_facts, print_json, print_note, print_table
from syncd.core.locks import Actor, parse_until
from syncd.core.projects import Project
from syncd.errors import SyncdError
from syncd.services.freezing import (
    LockDesk,
    force_release,
    freeze_project,
    get_lock,
    list_history,
    list_locks,
    unfreeze_project,
)
from syncd.services.lock_states import LockState, describe_lock
from syncd.services.projects import Shelf, get_project
from syncd.settings import require_setting


async def list_command(arguments: argparse.Namespace) -> int:
    """List the locks of the tenant's projects."""
    async with _open_lock_desk(arguments) as desk:
        async with reading(desk.pool, desk.tenant_id) as connection:
            projects = await list_projects(connection)
        found = await list_locks(desk, [project.project_id for project in projects])
    shown = [(project, found.states[project.project_id]) for project in projects if project.project_id in found.states]
    if arguments.json:
        items = [_describe(project, state) for project, state in shown]
        print_json({"items": items, "redis": _describe_redis(found.redis_trouble)})
        return 0
    if found.redis_trouble is not None:
        print_note(f"{found.redis_trouble.message} Freezes are known; who works is not. {found.redis_trouble.hint}")
    columns = ["PROJECT", "LOCK", "LOCKED BY", "SINCE (UTC)", "UNTIL (UTC)", "FENCE", "REASON", "ODD"]
    print_table(columns, [_make_row(project, state) for project, state in shown])
    return 0


async def show_command(arguments: argparse.Namespace) -> int:
    """Show the lock of one project."""
    async with _open_lock_desk(arguments) as desk:
        project = await _find_project(desk, arguments.name)
        _print_state(project, await get_lock(desk, project.project_id), arguments)
    return 0


async def freeze_command(arguments: argparse.Namespace) -> int:
    """Stop the syncs of a project."""
    async with _open_lock_desk(arguments) as desk:
        until = parse_until(arguments.until, utc_now()) if arguments.until is not None else None
        project = await _find_project(desk, arguments.name)
        state = await freeze_project(desk, project.project_id, reason=arguments.reason, until=until)
        _print_state(project, state, arguments)
    return 0


async def unfreeze_command(arguments: argparse.Namespace) -> int:
    """Lift the freeze of a project."""
    async with _open_lock_desk(arguments) as desk:
        project = await _find_project(desk, arguments.name)
        _print_state(project, await unfreeze_project(desk, project.project_id), arguments)
    return 0


async def force_release_command(arguments: argparse.Namespace) -> int:
    """End the lease of a holder."""
    async with _open_lock_desk(arguments) as desk:
        project = await _find_project(desk, arguments.name)
        state = await force_release(desk, project.project_id, reason=arguments.reason, expected_fence=arguments.fence)
        _print_state(project, state, arguments)
    return 0


async def history_command(arguments: argparse.Namespace) -> int:
    """List what happened to the lock of a project."""
    async with _open_lock_desk(arguments) as desk:
        project = await _find_project(desk, arguments.name)
        page = await list_history(desk, project.project_id, cursor=arguments.cursor, limit=arguments.limit)
    if arguments.json:
        items = [as_json_object(event) for event in page.events]
        print_json({"project": project.name, "items": items, "nextCursor": page.next_cursor})
        return 0
    print_table(
        ["AT (UTC)", "WHAT", "BY", "FENCE", "BEFORE", "REASON"],
        [
            [
                f"{event.at:%Y-%m-%d %H:%M:%S}",
                event.action,
                event.actor,
                event.fence,
                event.previous_holder,
                event.reason,
            ]
            for event in page.events
        ],
    )
    if page.next_cursor:
        print_note(f"There is more: --cursor {page.next_cursor}")
    return 0


@asynccontextmanager
async def _open_lock_desk(arguments: argparse.Namespace) -> AsyncIterator[LockDesk]:
    """Open the locks of a tenant. Whoever can read the database's password is an admin."""
    async with open_desk(arguments) as desk:
        redis_url = require_setting(desk.settings.redis_url, "SYNCD_REDIS_URL")
        tenant = await get_tenant(desk, arguments.tenant)
        name, lease_seconds = make_operator_name(), desk.settings.lease_seconds
        async with open_redis_client(redis_url) as redis:
            locks = ProjectLocks(redis, Identity(name, socket.gethostname()), lease_seconds=lease_seconds)
            actor = Actor(name, is_admin=True)
            yield LockDesk(desk.pool, redis, locks, tenant.tenant_id, actor, lease_seconds, utc_now)


def make_operator_name() -> str:
    """Return who runs this command, as people know them: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user that has no name
        user = f"uid{os.getuid()}"
    return f"{user}@{socket.gethostname()}"


async def _find_project(desk: LockDesk, name: str) -> Project:
    return await get_project(Shelf(desk.pool, desk.tenant_id, None, desk.clock), name)


def _describe(project: Project, state: LockState) -> dict[str, object]:
    return {"project": project.name, **describe_lock(state, utc_now()), "newestFence": state.lease.fence}


def _describe_redis(trouble: SyncdError | None) -> dict[str, object]:
    return {"status": "up"} if trouble is None else {"status": "down", "reason": trouble.code}


def _make_row(project: Project, state: LockState) -> list[object]:
    shown = describe_lock(state, utc_now())
    odd = ", ".join(oddity.code for oddity in state.oddities)
    times = [_format_time(shown[name]) for name in ("lockedAt", "expiresAt")]
    return [
        project.name,
        _name_kind(shown),
        shown["lockedBy"],
        *times,
        shown["fence"],
        shown["lockReason"],
        odd or None,
    ]


def _name_kind(shown: dict[str, object]) -> str:
    if shown["lockKind"] == "freeze":
        return "frozen"
    return "held" if shown["lockedBy"] else "free"


def _format_time(text: object) -> str | None:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}" if isinstance(text, str) else None


def _print_state(project: Project, state: LockState, arguments: argparse.Namespace) -> None:
    shown = _describe(project, state)
    if arguments.json:
        print_json(shown)
        return
    facts = {
        "locked by": shown["lockedBy"],
        "since": shown["lockedAt"],
        "until": shown["expiresAt"],
        "reason": shown["lockReason"],
        "host": shown["lockHost"],
        "heartbeat age": shown["heartbeatAge"],
    }
    print_facts(
        {
            "project": project.name,
            "lock": _name_kind(shown),
            **{name: value for name, value in facts.items() if value is not None},
            "fence": state.lease.fence,
            **{f"odd: {oddity.code}": oddity.message for oddity in state.oddities},
        }
    )
