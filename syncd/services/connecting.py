"""How an installation of the GitHub App comes to serve a tenant: a signed link goes out, GitHub sends whoever followed it back."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

from syncd.adapters.encryption import KeyRing
from syncd.adapters.github.app import GitHubApp
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.installations import (
    BoundInstallation,
    add_installation,
    add_setup,
    list_installations,
    remove_installation,
    remove_setups,
)
from syncd.adapters.postgres.transactions import reading, writing
from syncd.core.ids import TenantId
from syncd.core.setup_states import STATE_SECONDS, SetupState, is_account, make_setup_state, parse_setup_state
from syncd.errors import BadUsage, NotFound

log = logging.getLogger("syncd.github")

KEY_PURPOSE = "github setup"


@dataclass(frozen=True, slots=True)
class Connecting:
    """The App, the keys that sign its links, and where bindings are kept."""

    pool: Pool
    app: GitHubApp
    key_ring: KeyRing
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class SetupLink:
    """Where the App is installed for one tenant. Who has the link can bind the account's installation to the tenant, once."""

    url: str
    expires_at: datetime


async def make_setup_link(connecting: Connecting, tenant_id: TenantId, account: str) -> SetupLink:
    """Return the link that binds the installation at *account* (a user or an organisation) to a tenant."""
    if not is_account(account):
        raise BadUsage(
            "bad_account",
            f"{account!r} is no account of GitHub.",
            hint="Name the user or the organisation that owns the repositories, as it stands in OWNER/NAME.",
        )
    state = SetupState(tenant_id, account.lower(), uuid4(), connecting.clock() + timedelta(seconds=STATE_SECONDS))
    signed = make_setup_state(state, key=connecting.key_ring.derive_keys(KEY_PURPOSE)[0])
    page_url = await connecting.app.get_page_url()
    return SetupLink(f"{page_url}/installations/new?{urlencode({'state': signed})}", state.expires_at)


async def complete_setup(connecting: Connecting, signed: str, installation_id: int) -> BoundInstallation:
    """Bind *installation_id* to the tenant of the state *signed*, and use the state up.

    `BadUsage` for a state that is not ours, was used, or has expired. `NotFound` alike for an installation that is not the
    App's, at another account, or bound to another tenant: the number in the address is whoever's who typed it.
    """
    now = connecting.clock()
    state = parse_setup_state(signed, keys=connecting.key_ring.derive_keys(KEY_PURPOSE), now=now)
    if state is None:
        raise _make_state_error()
    found = await connecting.app.find_installation(installation_id)
    if found is None or found.account.lower() != state.account:
        raise _make_unknown_error()
    async with writing(connecting.pool, state.tenant_id) as connection:
        await remove_setups(connection, state.tenant_id, now)
        if not await add_setup(connection, state, installation_id, now):
            raise _make_state_error()
        await add_installation(connection, state.tenant_id, installation_id, account=found.account, now=now)
        bound = await list_installations(connection, state.tenant_id)
        ours = next((one for one in bound if one.installation_id == installation_id), None)
        if ours is None:
            raise _make_unknown_error()
    fields = {"tenant_id": str(state.tenant_id), "installation_id": installation_id, "account": found.account}
    log.info("installation bound", extra=fields)
    return ours


async def disconnect(pool: Pool, tenant_id: TenantId, installation_id: int) -> None:
    """Take an installation away from a tenant. Raises `NotFound`."""
    async with writing(pool, tenant_id) as connection:
        if not await remove_installation(connection, tenant_id, installation_id):
            raise NotFound(
                "installation_not_found",
                f"The tenant has no installation {installation_id}.",
                hint="`syncd github list` shows them.",
            )


async def find_installation_token(pool: Pool, app: GitHubApp, tenant_id: TenantId, repository: str) -> str | None:
    """Return a fresh token for *repository* (owner/name) by an installation that is bound to the tenant, or none."""
    async with reading(pool, tenant_id) as connection:
        bound = {one.installation_id for one in await list_installations(connection, tenant_id)}
    found = await app.find_installation_of(repository) if bound else None
    if found is None or found.installation_id not in bound:
        return None
    return (await app.mint_token(found.installation_id, repository=repository)).token


def _make_state_error() -> BadUsage:
    return BadUsage(
        "setup_state_invalid",
        "This link was not made here, was used before, or has expired.",
        hint="Ask the operator for a new one: `syncd github connect`.",
    )


def _make_unknown_error() -> NotFound:
    return NotFound(
        "installation_not_found",
        "There is no such installation of the App for this link.",
        hint="Install the App at the account that the link was made for, by following the link.",
    )
