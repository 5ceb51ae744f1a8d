"""`syncd migrate`: brings the schema forward and makes the services' logins."""

import argparse

from pydantic import SecretStr

from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.migrations import list_migrations, list_pending, run_migrations
from syncd.adapters.postgres.roles import Login, parse_login, put_groups, put_logins
from syncd.cli.desk import load_command_settings
from syncd.cli.output import print_json, print_note
from syncd.settings import Settings, require_setting

PENDING = 1


async def migrate_command(arguments: argparse.Namespace) -> int:
    """Run what is pending, or with --check say what is."""
    settings, _ = load_command_settings(arguments)
    url = require_setting(settings.database_url, "SYNCD_DATABASE_URL")
    async with open_connection(url) as connection:
        if arguments.check:
            pending = await list_pending(connection, list_migrations())
        else:
            if arguments.roles:
                await put_groups(connection)
            pending = await run_migrations(connection, list_migrations())
            if arguments.roles:
                await put_logins(connection, _list_logins(settings))
    names = [f"{migration.number:04d}_{migration.name}" for migration in pending]
    if arguments.json:
        print_json({"pending" if arguments.check else "applied": names})
    elif not names:
        print_note("The schema is up to date.")
    else:
        print_note(f"{'Pending' if arguments.check else 'Applied'}: {', '.join(names)}.")
    return PENDING if arguments.check and names else 0


def _list_logins(settings: Settings) -> list[Login]:
    services: dict[str, SecretStr | None] = {
        "syncd_sync": settings.sync_database_url,
        "syncd_web": settings.web_database_url,
        "syncd_read": settings.read_database_url,
    }
    return [parse_login(url.get_secret_value(), group) for group, url in services.items() if url is not None]
