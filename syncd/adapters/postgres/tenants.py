"""Tenants: who uses this installation."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
_FIND_TENANT_BY_ID = load_statement("tenants/find_tenant_by_id")
_RENAME_TENANT = load_statement("tenants/rename_tenant")
_MARK_TENANT_REMOVED = load_statement("tenants/mark_tenant_removed")
_LIST_REMOVED_TENANTS = load_statement("tenants/list_removed_tenants")
_REMOVE_TENANT = load_statement("tenants/remove_tenant")
_GET_TENANT = load_statement("tenants/get_tenant")


LIST_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Tenant:
    """One row of tenants."""

    tenant_id: TenantId
    name: str
    created_at: datetime


async def add_tenant(connection: Connection, name: str) -> Tenant:
    """Add a tenant. Raises `Rejected` when the name is taken or not allowed."""
    with _explaining_name(name):
        row = await connection.fetchrow(_ADD_TENANT, name)
    assert row is not None  # noqa: S101 - `insert ... returning` of one row gives one row
    return Tenant(**row)


@contextmanager
def _explaining_name(name: str) -> Iterator[None]:
    try:
        yield
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


async def list_tenants(connection: Connection, *, after: str = "", limit: int = LIST_LIMIT) -> Sequence[Tenant]:
    """Return the tenants by name, beyond the name *after*."""
    return [Tenant(**row) for row in await connection.fetch(_LIST_TENANTS, after, limit)]


async def find_tenant(connection: Connection, name: str) -> Tenant | None:
    """Return the tenant of this name."""
    row = await connection.fetchrow(_FIND_TENANT, name)
    return Tenant(**row) if row else None


async def find_tenant_by_id(connection: Connection, tenant_id: TenantId) -> Tenant | None:
    """Return the tenant of this id."""
    row = await connection.fetchrow(_FIND_TENANT_BY_ID, tenant_id)
    return Tenant(**row) if row else None


async def rename_tenant(connection: Connection, tenant_id: TenantId, name: str) -> Tenant | None:
    """Call a tenant otherwise; none when there is no such tenant. Raises `Rejected` when the name is taken or not allowed."""
    with _explaining_name(name):
        row = await connection.fetchrow(_RENAME_TENANT, tenant_id, name)
    return Tenant(**row) if row else None


async def mark_tenant_removed(connection: Connection, tenant_id: TenantId, *, name: str, now: datetime) -> bool:
    """Mark a tenant for removal, if it is called *name*; false when it is not, or is gone."""
    return await connection.fetchval(_MARK_TENANT_REMOVED, tenant_id, name, now) is not None


async def list_removed_tenants(connection: Connection) -> Sequence[TenantId]:
    """Return the tenants that are marked for removal and have no project left."""
    return [TenantId(row["tenant_id"]) for row in await connection.fetch(_LIST_REMOVED_TENANTS)]


async def remove_tenant(connection: Connection, tenant_id: TenantId) -> bool:
    """Delete a tenant that is marked for removal, with its keys and users; false while content of it is left."""
    try:
        await connection.execute(_REMOVE_TENANT, tenant_id)
    except asyncpg.ForeignKeyViolationError:
        return False
    return True


async def get_tenant_name(connection: Connection, tenant_id: TenantId) -> str:
    """Return what a tenant is called."""
    return str(await connection.fetchval(_GET_TENANT, tenant_id))
