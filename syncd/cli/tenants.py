"""`syncd tenant`: who uses this installation."""

import argparse

from syncd.adapters.postgres.tenants import add_tenant, list_tenants
from syncd.cli.desk import open_desk
from syncd.cli.output import as_json_object, print_facts, print_items, print_json, print_table


async def add_command(arguments: argparse.Namespace) -> int:
    """Add a tenant."""
    async with open_desk(arguments) as desk, desk.pool.acquire() as connection:
        tenant = await add_tenant(connection, arguments.name)
    if arguments.json:
        print_json(as_json_object(tenant))
    else:
        print_facts({"tenant": tenant.name, "id": tenant.tenant_id})
    return 0


async def list_command(arguments: argparse.Namespace) -> int:
    """List the tenants."""
    async with open_desk(arguments) as desk, desk.pool.acquire() as connection:
        tenants = await list_tenants(connection)
    if arguments.json:
        print_items(tenants)
    else:
        print_table(["NAME", "ID", "SINCE"], [[t.name, t.tenant_id, f"{t.created_at:%Y-%m-%d}"] for t in tenants])
    return 0
