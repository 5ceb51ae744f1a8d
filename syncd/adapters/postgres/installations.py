"""Which installations of the GitHub App a tenant may read through; Postgres keeps each to one tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import TenantId
from syncd.core.setup_states import SetupState

_ADD_INSTALLATION = load_statement("installations/add_installation")
_ADD_SETUP = load_statement("installations/add_setup")
_LIST_INSTALLATIONS = load_statement("installations/list_installations")
_REMOVE_INSTALLATION = load_statement("installations/remove_installation")
_REMOVE_SETUPS = load_statement("installations/remove_setups")


@dataclass(frozen=True, slots=True)
class BoundInstallation:
    """One row of github_installations."""

    installation_id: int
    account: str
    bound_at: datetime


async def add_setup(connection: Connection, state: SetupState, installation_id: int, now: datetime) -> bool:
    """Use *state*; false where it was used before."""
    used = await connection.fetchval(_ADD_SETUP, state.tenant_id, state.nonce, installation_id, now, state.expires_at)
    return used is not None


async def remove_setups(connection: Connection, tenant_id: TenantId, now: datetime) -> None:
    """Forget the tenant's used states that have expired."""
    await connection.execute(_REMOVE_SETUPS, tenant_id, now)


async def add_installation(
    connection: Connection, tenant_id: TenantId, installation_id: int, *, account: str, now: datetime
) -> bool:
    """Bind an installation; false where it is bound already, to this tenant or to another."""
    return await connection.fetchval(_ADD_INSTALLATION, tenant_id, installation_id, account, now) is not None


async def list_installations(connection: Connection, tenant_id: TenantId) -> Sequence[BoundInstallation]:
    """Return the tenant's installations."""
    return [BoundInstallation(**row) for row in await connection.fetch(_LIST_INSTALLATIONS, tenant_id)]


async def remove_installation(connection: Connection, tenant_id: TenantId, installation_id: int) -> bool:
    """Take an installation away from a tenant; false where it had none of this id."""
    return await connection.fetchval(_REMOVE_INSTALLATION, tenant_id, installation_id) is not None
