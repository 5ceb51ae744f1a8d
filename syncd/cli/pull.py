"""`syncd pull`: a project's docs as files in a directory."""

import argparse
from pathlib import Path

from syncd.adapters.logs import configure_logging
from syncd.cli.desk import get_tenant, open_desk
from syncd.cli.output import as_json_object, print_facts, print_json
from syncd.core.moments import parse_moment
from syncd.services.pulling import Order, Pulled, follow_project, pull_project
from syncd.settings import require_setting


async def pull_command(arguments: argparse.Namespace) -> int:
    """Bring a directory to the docs of a revision; with --follow, again at each one until Ctrl-C."""
    moment = parse_moment(arguments.at) if arguments.at else None

    def say(pulled: Pulled) -> None:
        _print_pulled(pulled, as_json=arguments.json)

    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.tenant)
        order = Order(tenant.tenant_id, arguments.name, Path(arguments.directory), moment)
        if arguments.follow:
            configure_logging(desk.settings.log)
            url = require_setting(desk.settings.web_database_url, "SYNCD_WEB_DATABASE_URL")
            await follow_project(desk.pool, url, order, say)
        else:
            say(await pull_project(desk.pool, order))
    return 0


def _print_pulled(pulled: Pulled, *, as_json: bool) -> None:
    if as_json:
        print_json(as_json_object(pulled))
        return
    print_facts(
        {
            "project": pulled.project,
            "revision": f"r{pulled.revision}",
            "commit": pulled.commit,
            "documents": pulled.documents,
            "bytes": pulled.bytes,
            "directory": pulled.directory,
            "changed": "yes" if pulled.changed else "no",
        }
    )
