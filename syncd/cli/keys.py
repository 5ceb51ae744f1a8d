"""`syncd key`: API keys of agents and machines. A secret is printed once and never stored."""

import argparse
import secrets
from datetime import UTC, datetime, timedelta

from syncd.adapters.postgres.keys import NewKey, add_key, list_keys, revoke_key
from syncd.adapters.postgres.projects import find_project
from syncd.adapters.postgres.transactions import reading
from syncd.cli.desk import Desk, get_tenant, open_desk
from syncd.cli.output import as_json_object, print_facts, print_json, print_note, print_table
from syncd.core.ids import ProjectId, TenantId
from syncd.core.keys import hash_secret, make_key, make_key_id
from syncd.errors import BadUsage
from syncd.services.projects import make_project_not_found

SCOPES = ("docs:read", "docs:sync", "locks:write", "admin")


async def add_command(arguments: argparse.Namespace) -> int:
    """Add a key and print its secret, this once."""
    if arguments.expires_days is not None and arguments.expires_days < 1:
        raise BadUsage(
            "expiry_invalid", "--expires-days takes a number of days from 1.", hint="For example --expires-days 90."
        )
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.tenant)
        secret = secrets.token_bytes(32)
        key_id = make_key_id(secrets.token_bytes(32))
        new = NewKey(
            key_id=key_id,
            secret_hash=hash_secret(secret),
            name=arguments.name,
            scopes=tuple(arguments.scope or ["docs:read"]),
            project_ids=await _find_projects(desk, tenant.tenant_id, arguments.project) if arguments.project else None,
            expires_at=datetime.now(UTC) + timedelta(days=arguments.expires_days) if arguments.expires_days else None,
        )
        await add_key(desk.pool, tenant.tenant_id, new)
        key = make_key(_ENVIRONMENTS[desk.settings.env], key_id, secret)
    if arguments.json:
        print_json(
            {"keyId": key_id, "apiKey": key, "name": new.name, "scopes": list(new.scopes), "expiresAt": new.expires_at}
        )
    else:
        print_facts({"key id": key_id, "api key": key})
        print_note("The key is shown this once; only its hash is stored.")
    return 0


_ENVIRONMENTS = {"production": "live", "development": "dev", "test": "test"}


async def list_command(arguments: argparse.Namespace) -> int:
    """List the tenant's keys, without their secrets."""
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.tenant)
        keys = await list_keys(desk.pool, tenant.tenant_id)
    if arguments.json:
        print_json({"items": [as_json_object(key) for key in keys]})
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


async def revoke_command(arguments: argparse.Namespace) -> int:
    """End a key."""
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.tenant)
        await revoke_key(desk.pool, tenant.tenant_id, arguments.key_id)
    if arguments.json:
        print_json({"keyId": arguments.key_id, "active": False})
    else:
        print_note(f"Key {arguments.key_id} is revoked.")
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
