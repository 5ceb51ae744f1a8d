"""`syncd key`: API keys of agents and machines. A secret is printed once and never stored."""

import argparse
from datetime import UTC, datetime, timedelta

from syncd.adapters.postgres.keys import list_keys, revoke_key
from syncd.adapters.postgres.platform_keys import list_platform_keys, revoke_platform_key
from syncd.adapters.postgres.projects import find_project
from syncd.adapters.postgres.transactions import reading
from syncd.cli.desk import Desk, get_tenant, open_desk
from syncd.cli.output import print_done, print_facts, print_items, print_json, print_note, print_table
from syncd.core.ids import ProjectId, TenantId
from syncd.errors import BadUsage
from syncd.services.keys import (
    KeyRequest,
    MadeKey,
    create_key,
    create_platform_key,
    rotate_key,
    rotate_platform_key,
)
from syncd.services.projects import make_project_not_found
from syncd.settings import KEY_ENVIRONMENTS

OVERLAP_MAX_HOURS = 24 * 30


async def add_command(arguments: argparse.Namespace) -> int:
    """Add a key and print its secret, this once."""
    if arguments.expires_days is not None and arguments.expires_days < 1:
        raise BadUsage(
            "expiry_invalid", "--expires-days takes a number of days from 1.", hint="For example --expires-days 90."
        )
    now = datetime.now(UTC)
    expires_at = now + timedelta(days=arguments.expires_days) if arguments.expires_days else None
    async with open_desk(arguments) as desk:
        if arguments.platform:
            if arguments.scope or arguments.project:
                raise BadUsage(
                    "platform_key_narrowed",
                    "A platform key acts for any tenant: --scope and --project do not narrow it.",
                    hint="Leave them out, or leave --platform out.",
                )
            made = await create_platform_key(desk.pool, name=arguments.name, expires_at=expires_at)
        else:
            tenant = await get_tenant(desk, arguments.tenant)
            projects = await _find_projects(desk, tenant.tenant_id, arguments.project) if arguments.project else None
            wanted = KeyRequest(
                name=arguments.name,
                environment=KEY_ENVIRONMENTS[desk.settings.env],
                scopes=tuple(arguments.scope or ["docs:read"]),
                project_ids=projects,
                expires_at=expires_at,
            )
            made = await create_key(desk.pool, tenant.tenant_id, wanted)
    _print_made(made, arguments)
    return 0


async def rotate_command(arguments: argparse.Namespace) -> int:
    """Make the successor of a key; the key itself works on for a while."""
    if not 0 <= arguments.overlap_hours <= OVERLAP_MAX_HOURS:
        raise BadUsage(
            "overlap_invalid",
            f"--overlap-hours takes 0 to {OVERLAP_MAX_HOURS}.",
            hint="For example --overlap-hours 24.",
        )
    now, overlap = datetime.now(UTC), timedelta(hours=arguments.overlap_hours)
    async with open_desk(arguments) as desk:
        if arguments.platform:
            made = await rotate_platform_key(desk.pool, arguments.key_id, now=now, overlap=overlap)
        else:
            tenant = await get_tenant(desk, arguments.tenant)
            environment = KEY_ENVIRONMENTS[desk.settings.env]
            made = await rotate_key(
                desk.pool, tenant.tenant_id, arguments.key_id, environment=environment, now=now, overlap=overlap
            )
    _print_made(made, arguments)
    return 0


def _print_made(made: MadeKey, arguments: argparse.Namespace) -> None:
    if arguments.json:
        wanted = made.wanted
        print_json(
            {
                "keyId": made.key_id,
                "apiKey": made.text,
                "name": wanted.name,
                "scopes": list(wanted.scopes),
                "expiresAt": wanted.expires_at,
            }
        )
        return
    print_facts({"key id": made.key_id, "api key": made.text})
    print_note("The key is shown this once; only its hash is stored.")


async def list_command(arguments: argparse.Namespace) -> int:
    """List the tenant's keys, without their secrets."""
    async with open_desk(arguments) as desk:
        if arguments.platform:
            return await _list_platform_keys(desk, arguments)
        tenant = await get_tenant(desk, arguments.tenant)
        keys = await list_keys(desk.pool, tenant.tenant_id)
    if arguments.json:
        print_items(keys)
        return 0
    print_table(
        ["KEY ID", "NAME", "SCOPES", "PROJECTS", "ACTIVE", "EXPIRES", "LAST USED"],
        [
            [
                key.key_id,
                key.name,
                ",".join(sorted(key.scopes)),
                "all" if key.project_ids is None else len(key.project_ids),
                "yes" if key.active else "no",
                f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never",
                f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never",
            ]
            for key in keys
        ],
    )
    return 0


async def _list_platform_keys(desk: Desk, arguments: argparse.Namespace) -> int:
    async with desk.pool.acquire() as connection:
        keys = await list_platform_keys(connection)
    if arguments.json:
        print_items(keys)
        return 0
    print_table(
        ["KEY ID", "NAME", "ACTIVE", "EXPIRES", "LAST USED"],
        [
            [
                key.key_id,
                key.name,
                "yes" if key.active else "no",
                f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never",
                f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never",
            ]
            for key in keys
        ],
    )
    return 0


async def revoke_command(arguments: argparse.Namespace) -> int:
    """End a key."""
    async with open_desk(arguments) as desk:
        if arguments.platform:
            async with desk.pool.acquire() as connection:
                await revoke_platform_key(connection, arguments.key_id)
        else:
            tenant = await get_tenant(desk, arguments.tenant)
            await revoke_key(desk.pool, tenant.tenant_id, arguments.key_id)
    said = f"Key {arguments.key_id} is revoked."
    print_done({"keyId": arguments.key_id, "active": False}, said, as_json=arguments.json)
    return 0


async def _find_projects(desk: Desk, tenant_id: TenantId, names: list[str]) -> list[ProjectId]:
    found = []
    async with reading(desk.pool, tenant_id) as connection:
        for name in names:
            project = await find_project(connection, name)
            if project is None:
                raise make_project_not_found(name)
            found.append(project.project_id)
    return found
