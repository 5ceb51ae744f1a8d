"""`syncd user`: people who sign in. A link is printed once; it signs in once, within a day."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from syncd.adapters.data_directory import find_running
from syncd.adapters.postgres.transactions import reading
from syncd.adapters.postgres.users import find_user, list_users, make_user_not_found
from syncd.bootstrap import utc_now
from syncd.cli.desk import Desk, get_tenant, open_desk
from syncd.cli.output import as_json_object, print_done, print_facts, print_items, print_json, print_note, print_table
from syncd.core.users import Role, User, make_new_user, normalise_email
from syncd.services.users import Link, People, change_user, create_user, make_link
from syncd.settings import Settings


async def add_command(arguments: argparse.Namespace) -> int:
    """Add a user, and print the link to sign in with."""
    new = make_new_user(
        arguments.email,
        username=arguments.username,
        display_name=arguments.display_name,
        role=Role(arguments.role),
    )
    async with _open_people(arguments) as (desk, people):
        link = await create_user(people, new)
    _print_link(desk, link, arguments)
    return 0


async def link_command(arguments: argparse.Namespace) -> int:
    """Print a new link to sign in with."""
    async with _open_people(arguments) as (desk, people):
        user = await _find_user(people, arguments.email)
        link = await make_link(people, user.user_id)
    _print_link(desk, link, arguments)
    return 0


async def list_command(arguments: argparse.Namespace) -> int:
    """List the tenant's users."""
    async with _open_people(arguments) as (_, people), reading(people.pool, people.tenant_id) as connection:
        users = await list_users(connection)
    if arguments.json:
        print_items(users)
        return 0
    print_table(
        ["E-MAIL", "USERNAME", "NAME", "ROLE", "ACTIVE", "PASSWORD", "LAST SEEN (UTC)"],
        [
            [
                user.email,
                user.username,
                user.display_name,
                user.role,
                "yes" if user.active else "no",
                "set" if user.has_password else "none",
                f"{user.last_seen_at:%Y-%m-%d %H:%M}" if user.last_seen_at else "never",
            ]
            for user in users
        ],
    )
    return 0


async def disable_command(arguments: argparse.Namespace) -> int:
    """Keep a user from signing in, and end the sessions."""
    return await _set_active(arguments, active=False)


async def enable_command(arguments: argparse.Namespace) -> int:
    """Let a user sign in again."""
    return await _set_active(arguments, active=True)


async def _set_active(arguments: argparse.Namespace, *, active: bool) -> int:
    async with _open_people(arguments) as (_, people):
        user = await _find_user(people, arguments.email)
        changed = await change_user(people, user.user_id, active=active)
    said = f"{changed.email} {'may sign in' if active else 'is signed out everywhere and cannot sign in'}."
    print_done(as_json_object(changed), said, as_json=arguments.json)
    return 0


@asynccontextmanager
async def _open_people(arguments: argparse.Namespace) -> AsyncIterator[tuple[Desk, People]]:
    async with open_desk(arguments) as desk:
        tenant = await get_tenant(desk, arguments.tenant)
        yield desk, People(desk.pool, tenant.tenant_id, utc_now)


async def _find_user(people: People, email: str) -> User:
    async with reading(people.pool, people.tenant_id) as connection:
        user = await find_user(connection, normalise_email(email))
    if user is None:
        raise make_user_not_found(email)
    return user


def _print_link(desk: Desk, link: Link, arguments: argparse.Namespace) -> None:
    url = link.make_url(_find_site(desk.settings))
    if arguments.json:
        print_json({**as_json_object(link.user), "signInUrl": url, "signInUrlExpiresAt": link.expires_at})
        return
    print_facts({"user": link.user.email, "role": link.user.role, "sign in": url})
    print_note("The link signs in once, within a day, and is shown this once: whoever has it is that user.")


def _find_site(settings: Settings) -> str:
    """Return where people reach the endpoint: as it is set, as the running `up` says, or where the daemon listens."""
    if settings.public_url is not None:
        return settings.public_url
    running = find_running(settings.data_dir)
    if running is not None:
        parts = urlsplit(running.status_url)
        return f"{parts.scheme}://{parts.netloc}"
    return f"http://{settings.http_listen}"
