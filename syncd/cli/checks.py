"""`syncd project check`: what a team should look at in its docs."""

import argparse

from syncd.cli.desk import get_tenant, open_desk
from syncd.cli.output import print_json, print_note, print_table
from syncd.core.moments import parse_moment
from syncd.services.checking import Check, check_project


async def check_command(arguments: argparse.Namespace) -> int:
    """List the broken links of a project and the documents that are cut as plain text."""
    moment = parse_moment(arguments.at) if arguments.at else None
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.tenant)
        check = await check_project(desk.pool, tenant.tenant_id, arguments.name, moment=moment)
    if arguments.json:
        print_json(_as_object(check))
    else:
        _print_check(check)
    return 1 if check.broken else 0


def _as_object(check: Check) -> dict[str, object]:
    return {
        "project": check.project,
        "revision": check.revision,
        "commit": check.commit,
        "links": check.links,
        "brokenLinks": [
            {"path": one.path, "line": one.line, "text": one.text, "target": one.target, "fault": one.fault}
            for one in check.broken
        ],
        "plainDocuments": [{"path": one.path, "reason": one.reason} for one in check.plain],
        "complete": check.is_complete,
    }


def _print_check(check: Check) -> None:
    if check.broken:
        rows = [[f"{one.path}:{one.line}", one.target, one.fault] for one in check.broken]
        print_table(["LINK", "TARGET", "WHAT IS WRONG"], rows)
    if check.plain:
        print_table(["CUT AS PLAIN TEXT", "WHY"], [[one.path, one.reason] for one in check.plain])
    more = "" if check.is_complete else " at least"
    print_note(f"{check.project} r{check.revision}: {check.links} links looked at,{more} {len(check.broken)} broken.")
