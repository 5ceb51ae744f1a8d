"""Tenants as whoever runs the installation adds, renames and removes them."""

from datetime import datetime

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.projects import list_project_ids, mark_removed, request_sync
from syncd.adapters.postgres.tenants import (
    Tenant,
    find_tenant_by_id,
    list_removed_tenants,
    mark_tenant_removed,
    remove_tenant,
)
from syncd.adapters.postgres.transactions import writing
from syncd.core.ids import TenantId
from syncd.errors import BadUsage, NotFound


async def get_tenant(pool: Pool, tenant_id: TenantId) -> Tenant:
    """Return the tenant of this id. Raises `NotFound`."""
    async with pool.acquire() as connection:
        tenant = await find_tenant_by_id(connection, tenant_id)
    if tenant is None:
        raise make_tenant_not_found(str(tenant_id))
    return tenant


async def end_tenant(pool: Pool, tenant_id: TenantId, *, name: str, now: datetime) -> None:
    """Refuse a tenant's keys and users from now on, and let the daemon delete all that it has. Raises `NotFound`, `BadUsage`.

    *name* is what the tenant is called: a slip of an id removes nobody.
    """
    await get_tenant(pool, tenant_id)
    async with writing(pool, tenant_id) as connection:
        if not await mark_tenant_removed(connection, tenant_id, name=name, now=now):
            raise BadUsage(
                "tenant_name_differs", "The tenant is not called so.", hint="Name the tenant that is to be removed."
            )
        for project_id in await list_project_ids(connection):
            await mark_removed(connection, project_id, now)
            await request_sync(connection, project_id, now)


async def remove_ended_tenants(pool: Pool) -> int:
    """Delete the tenants that are marked for removal and have nothing left; return how many. For the daemon."""
    async with pool.acquire() as connection:
        ended = await list_removed_tenants(connection)
        return sum([await remove_tenant(connection, tenant_id) for tenant_id in ended])


def make_tenant_not_found(name: str) -> NotFound:
    """Return the error for a tenant that is not there."""
    return NotFound("tenant_not_found", f"There is no tenant {name[:100]}.", hint="`syncd tenant list` shows them.")
