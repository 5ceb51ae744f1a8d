"""`syncd tenant trust`, `untrust` and `trusted`: whose OAuth tokens speak for a tenant."""

import argparse

from syncd.adapters.postgres.issuers import add_issuer, list_issuers, remove_issuer
from syncd.adapters.postgres.transactions import reading, writing
from syncd.cli.desk import get_tenant, open_desk
from syncd.cli.output import print_done, print_items, print_table
from syncd.errors import BadUsage, NotFound, Rejected


async def trust_command(arguments: argparse.Namespace) -> int:
    """Let a tenant trust the tokens of an issuer in which its claim has a value."""
    if not 1 <= len(arguments.issuer) <= 500 or not 1 <= len(arguments.value) <= 200:
        raise BadUsage(
            "trust_invalid",
            "An issuer has 1 to 500 characters, and the value of its claim 1 to 200.",
            hint="Write both exactly as a token does.",
        )
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.name)
        async with writing(desk.pool, tenant.tenant_id) as connection:
            added = await add_issuer(connection, arguments.issuer, arguments.value)
            known = {(one.issuer, one.claim_value) for one in await list_issuers(connection)}
    if not added and (arguments.issuer, arguments.value) not in known:
        raise Rejected(
            "trust_taken",
            "Another tenant trusts these tokens; they can open one tenant only.",
            hint="Take it away there first: `syncd tenant untrust`.",
        )
    _say(arguments, tenant.name, trusted=True)
    return 0


async def untrust_command(arguments: argparse.Namespace) -> int:
    """Take a trust away; agents notice within five seconds."""
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.name)
        async with writing(desk.pool, tenant.tenant_id) as connection:
            removed = await remove_issuer(connection, arguments.issuer, arguments.value)
    if not removed:
        raise NotFound(
            "trust_not_found",
            f"{tenant.name} trusts no such tokens.",
            hint="`syncd tenant trusted` lists what it trusts.",
        )
    _say(arguments, tenant.name, trusted=False)
    return 0


async def trusted_command(arguments: argparse.Namespace) -> int:
    """List the tokens that a tenant trusts."""
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.name)
        async with reading(desk.pool, tenant.tenant_id) as connection:
            trusted = await list_issuers(connection)
    if arguments.json:
        print_items(trusted)
    else:
        print_table(
            ["ISSUER", "VALUE", "SINCE"],
            [[one.issuer, one.claim_value, f"{one.trusted_at:%Y-%m-%d}"] for one in trusted],
        )
    return 0


def _say(arguments: argparse.Namespace, tenant: str, *, trusted: bool) -> None:
    does = "trusts" if trusted else "no longer trusts"
    said = f"{tenant} {does} the tokens of {arguments.issuer} for {arguments.value}."
    document = {"tenant": tenant, "issuer": arguments.issuer, "value": arguments.value, "trusted": trusted}
    print_done(document, said, as_json=arguments.json)
