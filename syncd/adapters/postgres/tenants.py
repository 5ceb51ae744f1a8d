"""Tenants: who uses this installation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import TenantId
from syncd.errors import Rejected

_ADD_TENANT = load_statement("tenants/add_tenant")
_LIST_TENANTS = load_statement("tenants/list_tenants")
_FIND_TENANT = load_statement("tenants/find_tenant")
_GET_TENANT = load_statement("tenants/get_tenant")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One row of tenants."""

    tenant_id: TenantId
    name: str
    created_at: datetime


async def add_tenant(connection: Connection, name: str) -> Tenant:
    """Add a tenant. Raises `Rejected` when the name is taken or not allowed."""
    try:
        row = await connection.fetchrow(_ADD_TENANT, name)
    except asyncpg.UniqueViolationError as error:
        raise Rejected(
            "tenant_exists", f"There is a tenant named {name} already.", hint="Choose another name."
        ) from error
    except asyncpg.CheckViolationError as error:
        raise Rejected(
            "tenant_name_invalid",
            f"{name!r} is not a tenant name.",
            hint="Use lower case letters, digits, dash and underscore; begin with a letter or digit; at most 63 characters.",
        ) from error
    assert row is not None  # noqa: S101 - `insert ... returning` of one row gives one row
    return Tenant(**row)


async def list_tenants(connection: Connection) -> Sequence[Tenant]:
    """Return the tenants by name."""
    return [Tenant(**row) for row in await connection.fetch(_LIST_TENANTS)]


async def find_tenant(connection: Connection, name: str) -> Tenant | None:
    """Return the tenant of this name."""
    row = await connection.fetchrow(_FIND_TENANT, name)
    return Tenant(**row) if row else None


async def get_tenant_name(connection: Connection, tenant_id: TenantId) -> str:
    """Return what a tenant is called."""
    return str(await connection.fetchval(_GET_TENANT, tenant_id))
