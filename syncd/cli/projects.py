"""`syncd project`: what is mirrored."""

import argparse
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from syncd.adapters.encryption import parse_key_ring
from syncd.adapters.postgres.projects import list_projects
from syncd.adapters.postgres.transactions import reading
from syncd.bootstrap import make_github_access, open_app
from syncd.cli.desk import Desk, get_tenant, open_desk
from syncd.cli.output import print_done, print_facts, print_items, print_json, print_table
from syncd.core.projects import NewProject, Project
from syncd.errors import BadUsage
from syncd.services.hooks import HookTarget, put_hook
from syncd.services.projects import (
    Shelf,
    change_project,
    create_project,
    get_project,
    make_folder_project,
    remove_project,
    request_project_sync,
    show_freezes,
    wait_until_synced,
)
from syncd.services.repositories import find_read_token, resolve_repository
from syncd.settings import Settings


async def add_command(arguments: argparse.Namespace) -> int:
    """Add a project."""
    async with _open_shelf(arguments) as (desk, shelf):
        token = _read_token(arguments.token_env)
        target = make_hook_target(desk.settings) if arguments.webhook else None
        api_url, read_token, by_app = desk.settings.github_api_url, token, False
        if arguments.repo:
            if token is None:
                read_token, by_app = await _find_token(desk, shelf, arguments)
            new = await resolve_repository(arguments.repo, api_url=api_url, token=read_token, name=arguments.name)
        else:
            new = make_folder_project(
                Path(arguments.folder), roots=desk.settings.folder_roots, name=arguments.name, docs_path=None
            )
        if target is not None:
            if by_app:
                raise BadUsage(
                    "webhook_by_app",
                    "The repository is read through the GitHub App, which has a webhook of its own for all its repositories.",
                    hint="Leave --webhook out, and set the App's webhook to SYNCD_WEBHOOK_URL on its settings page, with the same secret.",
                )
            # Before the project: deliveries that lead nowhere do no harm, and the command can be given again.
            await put_hook(new, target, api_url=api_url, token=read_token)
        new = replace(complete_project(new, arguments), commit_status=arguments.commit_status)
        project = await create_project(shelf, new, token=token)
    _print_project(project, arguments)
    return 0


def make_hook_target(settings: Settings) -> HookTarget:
    """Return where a new webhook delivers to, signed by the newest secret. Raises `BadUsage` naming what is not set."""
    for value, name in ((settings.webhook_url, "WEBHOOK_URL"), (settings.webhook_secrets, "WEBHOOK_SECRETS")):
        if not value:
            raise BadUsage(
                "setting_missing", f"SYNCD_{name} is not set.", hint="--webhook needs it, here and for the daemon."
            )
    return HookTarget(settings.webhook_url or "", settings.webhook_secret_bytes[0].decode())


def complete_project(new: NewProject, arguments: argparse.Namespace) -> NewProject:
    """Return *new* with what the command line says of branch, docs path and globs."""
    return replace(
        new,
        branch=arguments.branch,
        docs_path=arguments.docs_path.strip("/") if arguments.docs_path else None,
        include=tuple(arguments.include),
        exclude=tuple(arguments.exclude),
    )


async def list_command(arguments: argparse.Namespace) -> int:
    """List the tenant's projects."""
    async with _open_shelf(arguments) as (desk, shelf), reading(desk.pool, shelf.tenant_id) as connection:
        projects = await show_freezes(connection, await list_projects(connection))
    if arguments.json:
        print_items(as_project_object(project) for project in projects)
        return 0
    rows = [
        [
            project.name,
            project.origin,
            project.condition,
            f"r{project.revision}",
            project.documents,
            project.chunks,
            project.skipped,
            f"{project.synced_at:%Y-%m-%d %H:%M:%S}" if project.synced_at else "never",
        ]
        for project in projects
    ]
    print_table(["NAME", "SOURCE", "CONDITION", "REVISION", "DOCUMENTS", "CHUNKS", "SKIPPED", "SYNCED (UTC)"], rows)
    return 0


async def show_command(arguments: argparse.Namespace) -> int:
    """Show one project."""
    async with _open_shelf(arguments) as (_, shelf):
        _print_project(await get_project(shelf, arguments.name), arguments)
    return 0


async def sync_command(arguments: argparse.Namespace) -> int:
    """Mark a project due, and with --wait return when its head is visible."""
    async with _open_shelf(arguments) as (_, shelf):
        project = await get_project(shelf, arguments.name)
        since = await request_project_sync(shelf, project)
        if arguments.wait:
            project = await wait_until_synced(shelf, project, since=since, timeout_seconds=arguments.timeout)
    if arguments.wait:
        _print_project(project, arguments)
    else:
        said = f"{project.name} is due; `syncd project sync {project.name} --wait` would wait for it."
        print_done({"project": project.name, "requestedAt": since}, said, as_json=arguments.json)
    return 0


async def set_command(arguments: argparse.Namespace) -> int:
    """Change a project's name, token, what it mirrors, and whether GitHub is told of it; it is looked at anew at once."""
    async with _open_shelf(arguments) as (_, shelf):
        token = "" if arguments.token_env == "" else _read_token(arguments.token_env)
        changes = _read_changes(arguments)
        project = await change_project(shelf, await get_project(shelf, arguments.name), changes, token=token)
    _print_project(project, arguments)
    return 0


def _read_changes(arguments: argparse.Namespace) -> dict[str, object]:
    """Return what the command line names; an empty word takes a wish back."""
    changes: dict[str, object] = {}
    if arguments.branch is not None:
        changes["branch"] = arguments.branch or None
    if arguments.docs_path is not None:
        changes["docs_path"] = arguments.docs_path.strip("/") if arguments.docs_path else None
    for name in ("include", "exclude"):
        if getattr(arguments, name) is not None:
            changes[name] = tuple(glob for glob in getattr(arguments, name) if glob)
    if arguments.commit_status is not None:
        changes["commit_status"] = arguments.commit_status
    if arguments.new_name is not None:
        changes["name"] = arguments.new_name
    if not changes and arguments.token_env is None:
        raise BadUsage(
            "nothing_to_set", "Nothing is named that is to change.", hint="`syncd project set --help` shows what can."
        )
    return changes


async def remove_command(arguments: argparse.Namespace) -> int:
    """Mark a project for removal."""
    async with _open_shelf(arguments) as (_, shelf):
        project = await get_project(shelf, arguments.name)
        await remove_project(shelf, project)
    said = f"{project.name} is removed: agents no longer see it, and the daemon deletes its documents."
    print_done({"project": project.name, "removed": True}, said, as_json=arguments.json)
    return 0


@asynccontextmanager
async def _open_shelf(arguments: argparse.Namespace) -> AsyncIterator[tuple[Desk, Shelf]]:
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.tenant)
        keys = desk.settings.master_keys
        key_ring = parse_key_ring(keys.get_secret_value()) if keys else None
        yield desk, Shelf(desk.pool, tenant.tenant_id, key_ring, lambda: datetime.now(UTC))


def _read_token(variable: str | None) -> str | None:
    """Return the token in an environment variable: an argument would be seen by everybody on the machine."""
    if variable is None:
        return None
    token = os.environ.get(variable)
    if not token:
        raise BadUsage(
            "token_missing", f"The environment variable {variable} is not set.", hint="Put the token into it."
        )
    return token


async def _find_token(desk: Desk, shelf: Shelf, arguments: argparse.Namespace) -> tuple[str | None, bool]:
    """Return what the daemon would look at the repository with, and whether that is a token of the tenant's installation."""
    async with open_app(desk.settings) as app:
        access = make_github_access(desk.settings, app)
        return await find_read_token(
            desk.pool, access, shelf.tenant_id, tenant_name=arguments.tenant, repository=arguments.repo
        )


def as_project_object(project: Project) -> dict[str, object]:
    """Return a project as JSON, with the contract's names and without what only the daemon needs."""
    return {
        "id": project.project_id,
        "name": project.name,
        "source": project.origin,
        "branch": project.branch,
        "docsPath": project.docs_path if project.docs_path is not None else project.synced_docs_path,
        "include": list(project.include),
        "exclude": list(project.exclude),
        "commitStatus": project.commit_status,
        "condition": project.condition,
        "reason": project.reason,
        "message": project.message,
        "hint": project.hint,
        "nextTry": project.next_try_at,
        "desiredCommit": project.desired_commit,
        "syncedCommit": project.synced_commit,
        "treeSha": project.tree_sha,
        "revision": project.revision,
        "documents": project.documents,
        "chunks": project.chunks,
        "skipped": project.skipped,
        "syncedAt": project.synced_at,
        "checkedAt": project.checked_at,
    }


def _print_project(project: Project, arguments: argparse.Namespace) -> None:
    if arguments.json:
        print_json(as_project_object(project))
        return
    trouble = {
        "reason": project.reason,
        "message": project.message,
        "hint": project.hint,
        "next try": project.next_try_at,
    }
    print_facts(
        {
            "project": project.name,
            "source": project.origin,
            "branch": project.branch or "(the repository's own)" if project.repository else project.branch,
            "docs path": project.docs_path if project.docs_path is not None else project.synced_docs_path,
            "condition": project.condition,
            **{name: value for name, value in trouble.items() if value},
            "commit": project.synced_commit,
            "revision": f"r{project.revision}",
            "documents": project.documents,
            "chunks": project.chunks,
            "skipped": project.skipped,
            "synced at": project.synced_at,
        }
    )
