"""Projects as people add, look up, sync and remove them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from uuid import uuid4

from syncd.adapters.encryption import KeyRing
from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.freezes import make_frozen_error
from syncd.adapters.postgres.leases import list_leases
from syncd.adapters.postgres.projects import (
    add_project,
    find_project,
    find_project_by_id,
    list_projects,
    mark_removed,
    request_sync,
    update_project,
)
from syncd.adapters.postgres.projects import (
    change_project as store_project,
)
from syncd.adapters.postgres.transactions import reading, writing
from syncd.core.ids import ProjectId, TenantId
from syncd.core.locks import Lease
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject, Project
from syncd.errors import BadUsage, Busy, NotFound, Rejected, RetryLater, Stalled, SyncdError, Unreachable

LOOK_SECONDS = 0.1
CHANGEABLE = frozenset({"name", "branch", "docs_path", "include", "exclude", "commit_status"})


@dataclass(frozen=True, slots=True)
class Shelf:
    """A tenant's projects, and how their credentials are sealed (none: no master key is set)."""

    pool: Pool
    tenant_id: TenantId
    key_ring: KeyRing | None
    clock: Callable[[], datetime]


async def create_project(shelf: Shelf, new: NewProject, *, token: str | None = None) -> Project:
    """Add a project; the loop syncs it at once. Raises `Rejected` when the name is taken, `BadUsage` for bad globs."""
    make_path_filter(include=new.include, exclude=new.exclude)
    project_id = ProjectId(uuid4())
    credential = _seal(shelf, project_id, token) if token else None
    async with writing(shelf.pool, shelf.tenant_id) as connection:
        await add_project(connection, shelf.tenant_id, project_id, new, credential=credential)
        added = await find_project_by_id(connection, project_id)
    assert added is not None  # noqa: S101 - it was added in this transaction
    return added


def _seal(shelf: Shelf, project_id: ProjectId, token: str) -> bytes:
    if shelf.key_ring is None:
        raise BadUsage(
            "master_keys_missing",
            "A token cannot be stored without a master key.",
            hint="Set SYNCD_MASTER_KEYS (see .env.example) here and for the daemon.",
        )
    return shelf.key_ring.encrypt(token, tenant_id=shelf.tenant_id, project_id=project_id, column="credential")


async def put_project(shelf: Shelf, new: NewProject, *, is_named: bool = True) -> Project:
    """Return the project of this name, added or brought to what *new* asks for. Raises `Rejected` if it has another source.

    *is_named*: a person chose the name. If nobody did, a project that mirrors the same under another name is the one.
    """
    async with writing(shelf.pool, shelf.tenant_id) as connection:
        found = await find_project(connection, new.name)
        if found is None and not is_named:
            found = await _find_twin(connection, new)
        if found is not None and _get_origin(found) != _get_origin(new):
            raise Rejected(
                "project_exists",
                f"The project {new.name} mirrors {found.origin} already.",
                hint="Give this one another name with --name.",
            )
        if found is not None:
            await update_project(connection, found.project_id, replace(new, commit_status=found.commit_status))
            await request_sync(connection, found.project_id, shelf.clock())
            return replace(found, branch=new.branch, docs_path=new.docs_path, include=new.include, exclude=new.exclude)
    return await create_project(shelf, new)


async def _find_twin(connection: Connection, new: NewProject) -> Project | None:
    """Return a project of the same branch and docs path of the same source: one that was renamed."""
    wished = (_get_origin(new), new.branch, new.docs_path)
    projects = await list_projects(connection)
    return next((one for one in projects if (_get_origin(one), one.branch, one.docs_path) == wished), None)


async def change_project(
    shelf: Shelf, project: Project, changes: Mapping[str, object], *, token: str | None = None
) -> Project:
    """Change the named fields of *project* (name, branch, docs_path, include, exclude, commit_status); the loop looks at once.

    *token*: a new one; "": none any more. Raises `NotFound`, `Rejected` when the name is taken or not allowed, `BadUsage` for bad globs.
    """
    credential = _seal(shelf, project.project_id, token) if token else None
    async with writing(shelf.pool, shelf.tenant_id) as connection:
        standing = await _find_standing(connection, project.project_id)
        wished: dict[str, Any] = {name: changes[name] for name in CHANGEABLE & changes.keys()}
        changed = replace(standing, **wished)
        make_path_filter(include=changed.include, exclude=changed.exclude)
        await store_project(connection, changed, credential=credential, reseal=token is not None)
        await request_sync(connection, project.project_id, shelf.clock())
        (shown,) = await show_freezes(connection, [changed])
    return shown


def _get_origin(project: Project | NewProject) -> tuple[str, str | None, int | None]:
    # A repository is its number: its name may have changed since.
    return project.source, project.folder, project.repository_id


async def get_project(shelf: Shelf, name: str) -> Project:
    """Return the tenant's project of this name. Raises `NotFound` with the nearest names."""
    async with reading(shelf.pool, shelf.tenant_id) as connection:
        found = await find_project(connection, name)
        if found is not None:
            (shown,) = await show_freezes(connection, [found])
            return shown
        names = [project.name for project in await list_projects(connection)]
    raise make_project_not_found(name, names)


def make_project_not_found(name: str, names: Sequence[str] = ()) -> NotFound:
    """Return the error for a name that is no project, or not yours."""
    near = get_close_matches(name, names, n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`syncd project list` shows the projects."
    return NotFound("project_not_found", f"There is no project {name}.", hint=hint)


async def get_project_by_id(shelf: Shelf, project_id: ProjectId) -> Project:
    """Return the tenant's project of this id. Raises `NotFound`, also for one that is marked for removal."""
    async with reading(shelf.pool, shelf.tenant_id) as connection:
        (shown,) = await show_freezes(connection, [await _find_standing(connection, project_id)])
    return shown


async def show_freezes(connection: Connection, projects: Sequence[Project]) -> Sequence[Project]:
    """Return *projects* with the condition of those that are frozen now: the row says how the last look ended, perhaps before that."""
    leases = await list_leases(connection, [project.project_id for project in projects])
    return [_show_freeze(project, leases.get(project.project_id)) for project in projects]


def _show_freeze(project: Project, lease: Lease | None) -> Project:
    if lease is None or not lease.is_frozen:
        if project.condition != "frozen":
            return project
        # The freeze that the last look met has ended since, and the next look is due.
        return replace(project, condition="waiting", reason=None, message=None, hint=None, next_try_at=None)
    error = make_frozen_error(lease)
    return replace(
        project,
        condition="frozen",
        reason=error.code,
        message=error.message,
        hint=error.hint,
        next_try_at=lease.freeze_until,
    )


async def _find_standing(connection: Connection, project_id: ProjectId) -> Project:
    found = await find_project_by_id(connection, project_id)
    if found is None or found.removed_at is not None:
        raise make_project_not_found(str(project_id))
    return found


async def remove_project(shelf: Shelf, project: Project) -> None:
    """Mark a project for removal: readers stop seeing it now, the daemon deletes it under its lock."""
    async with writing(shelf.pool, shelf.tenant_id) as connection:
        await mark_removed(connection, project.project_id, shelf.clock())
        await request_sync(connection, project.project_id, shelf.clock())


async def request_project_sync(shelf: Shelf, project: Project) -> datetime:
    """Mark a project due; return when that was, for `wait_until_synced`."""
    now = shelf.clock()
    async with writing(shelf.pool, shelf.tenant_id) as connection:
        await request_sync(connection, project.project_id, now)
    return now


async def wait_until_synced(
    shelf: Shelf, project: Project, *, since: datetime, timeout_seconds: float | None
) -> Project:
    """Return the project when a look that began after *since* found or made it equal to its source.

    Raises the trouble that the look ended in, `RetryLater` when *timeout_seconds* are over, `NotFound` when it was removed.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            while True:
                async with reading(shelf.pool, shelf.tenant_id) as connection:
                    state = await find_project_by_id(connection, project.project_id)
                if state is None or state.removed_at is not None:
                    raise make_project_not_found(project.name)
                if state.attempted_at is not None and state.attempted_at >= since and state.condition != "syncing":
                    if state.condition == "ready":
                        return await get_project_by_id(shelf, project.project_id)
                    raise _make_trouble(state)
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError as error:
        raise RetryLater(
            "sync_not_finished",
            f"The project {project.name} was not synced within {timeout_seconds:g} seconds.",
            hint="It goes on by itself; `syncd project show` tells how it stands. Is a daemon running?",
        ) from error


def _make_trouble(project: Project) -> SyncdError:
    """Return the error that ended the look at *project*, in its family: the exit code of a command depends on it."""
    code, message = project.reason or "unknown", project.message or "The sync did not succeed."
    kind: type[SyncdError]
    match project.condition:
        case "stalled":
            kind = Stalled
        case "frozen":
            kind = Busy
        case _:
            kind = Unreachable if code.endswith("_unreachable") else RetryLater
    return kind(code, message, hint=project.hint or "")


def make_folder_project(
    path: Path, *, roots: Sequence[Path] | None, name: str | None, docs_path: str | None
) -> NewProject:
    """Return a folder as a project. *roots*: where folders may lie (none: anywhere). Raises `BadUsage`, `NotFound`."""
    folder = path.resolve()
    if not folder.is_dir():
        fault = f"{folder} is not a folder." if folder.exists() else f"There is no folder {folder}."
        raise NotFound("folder_not_found", fault, hint="Name an existing folder.")
    if roots is not None and not any(folder.is_relative_to(root.resolve()) for root in roots):
        raise BadUsage(
            "folder_not_allowed",
            f"{folder} is not below a folder that may be mirrored.",
            hint="Name its root in SYNCD_FOLDER_ROOTS, for this command and for the daemon.",
        )
    return NewProject(name or make_project_name(folder.name), "folder", folder=str(folder), docs_path=docs_path)


def make_project_name(text: str) -> str:
    """Return the nearest allowed project name to *text*."""
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in text)
    return kept.lstrip("._-")[:100] or "docs"
