"""`syncd usage` and `syncd tenant quota`: what agents ask, and how much they may."""

import argparse
from datetime import UTC, datetime

from syncd.cli.desk import get_tenant, open_desk
from syncd.cli.output import as_json_object, print_facts, print_json, print_note, print_table
from syncd.core.usage import Spending
from syncd.errors import BadUsage
from syncd.services.usage import get_quota, get_usage, set_quota


async def usage_command(arguments: argparse.Namespace) -> int:
    """Show what the agents of a tenant asked."""
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.tenant)
        today = datetime.now(UTC).date()
        report = await get_usage(desk.pool, tenant.tenant_id, today=today, days=arguments.days, by=arguments.by)
    if arguments.json:
        print_json(
            {
                "since": report.since.isoformat(),
                "until": report.until.isoformat(),
                "by": arguments.by,
                "items": [as_json_object(item) for item in report.items],
                "today": {
                    "calls": report.today.calls,
                    "tokens": report.today.tokens,
                    **as_json_object(report.today.quota),
                },
            }
        )
        return 0
    print_table(
        [arguments.by.upper(), "CALLS", "REFUSED", "FAILED", "ROWS", "TOKENS", "BYTES", "MS A CALL", "UNRECORDED"],
        [
            [
                item.name, item.calls, item.refused, item.failed, item.rows, item.tokens, item.bytes,
                f"{item.milliseconds / max(item.calls, 1):.1f}", item.unrecorded,
            ]
            for item in report.items
        ],
    )  # fmt: skip
    print_note(_describe_today(report.today))
    return 0


async def quota_command(arguments: argparse.Namespace) -> int:
    """Show or change how much the agents of a tenant may ask in a day."""
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.name)
        quota = await get_quota(desk.pool, tenant.tenant_id)
        if arguments.calls_per_day is not None or arguments.tokens_per_day is not None:
            quota = await set_quota(
                desk.pool,
                tenant.tenant_id,
                calls_per_day=_choose(arguments.calls_per_day, quota.calls_per_day),
                tokens_per_day=_choose(arguments.tokens_per_day, quota.tokens_per_day),
            )
    if arguments.json:
        print_json({"tenant": tenant.name, **as_json_object(quota)})
    else:
        print_facts({"tenant": tenant.name, "calls a day": quota.calls_per_day, "tokens a day": quota.tokens_per_day})
    return 0


def _choose(given: str | None, stored: int | None) -> int | None:
    """Return the limit that was given as a number or `none`, else the stored one."""
    if given is None:
        return stored
    if given == "none":
        return None
    if not given.isascii() or not given.isdecimal():
        raise BadUsage("quota_invalid", f"{given[:50]!r} is no quota.", hint="Write a number from 0, or none.")
    return int(given)


def _describe_today(today: Spending) -> str:
    said = [
        f"{spent} {unit}" + ("" if limit is None else f" of {limit}")
        for spent, unit, limit in (
            (today.calls, "calls", today.quota.calls_per_day),
            (today.tokens, "tokens", today.quota.tokens_per_day),
        )
    ]
    return f"Today (UTC): {', '.join(said)}."
