"""`syncd github`: the GitHub App and whom its installations serve."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from syncd.adapters.postgres.installations import list_installations
from syncd.adapters.postgres.transactions import reading
from syncd.bootstrap import find_key_ring, open_app, utc_now
from syncd.cli.desk import Desk, get_tenant, open_desk
from syncd.cli.output import as_json_object, print_done, print_facts, print_items, print_json, print_note, print_table
from syncd.errors import BadUsage
from syncd.services.connecting import Connecting, disconnect, make_setup_link


async def connect_command(arguments: argparse.Namespace) -> int:
    """Print the link by which the App is installed at an account and bound to a tenant."""
    async with open_desk(arguments) as desk, _open_connecting(desk) as connecting:
        tenant = await get_tenant(desk, arguments.tenant)
        link = await make_setup_link(connecting, tenant.tenant_id, arguments.account)
    if arguments.json:
        print_json(as_json_object(link))
    else:
        print_facts({"tenant": tenant.name, "account": arguments.account, "open": link.url, "until": link.expires_at})
        print_note("Whoever follows the link can connect this account to the tenant, once.")
    return 0


async def list_command(arguments: argparse.Namespace) -> int:
    """List the installations that serve a tenant."""
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.tenant)
        async with reading(desk.pool, tenant.tenant_id) as connection:
            bound = await list_installations(connection, tenant.tenant_id)
    if arguments.json:
        print_items(bound)
    else:
        print_table(
            ["INSTALLATION", "ACCOUNT", "CONNECTED (UTC)"],
            [[one.installation_id, one.account, f"{one.bound_at:%Y-%m-%d %H:%M:%S}"] for one in bound],
        )
    return 0


async def disconnect_command(arguments: argparse.Namespace) -> int:
    """Take an installation away from a tenant."""
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.tenant)
        await disconnect(desk.pool, tenant.tenant_id, arguments.installation_id)
    number = arguments.installation_id
    said = f"The installation {number} no longer serves {tenant.name}."
    print_done({"installationId": number, "disconnected": True}, said, as_json=arguments.json)
    return 0


@asynccontextmanager
async def _open_connecting(desk: Desk) -> AsyncIterator[Connecting]:
    key_ring = find_key_ring(desk.settings)
    async with open_app(desk.settings) as app:
        if app is None or key_ring is None:
            raise BadUsage(
                "setting_missing",
                "SYNCD_GITHUB_APP_ID, SYNCD_GITHUB_APP_KEY or SYNCD_MASTER_KEYS is not set.",
                hint="Set all three, here and for the daemon (see .env.example).",
            )
        yield Connecting(desk.pool, app, key_ring, utc_now)
