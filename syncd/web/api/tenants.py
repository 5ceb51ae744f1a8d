"""Tenants over REST, for platform keys."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from syncd.adapters.postgres.tenants import Tenant, add_tenant, find_tenant, list_tenants, rename_tenant
from syncd.core.ids import TenantId
from syncd.services.tenants import end_tenant, get_tenant, make_tenant_not_found
from syncd.web.api.models import Asked, Text, Told
from syncd.web.api.paging import PAGE_LIMIT
from syncd.web.api.route import Call, Reply

TenantName = Annotated[Text, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class TenantsQuery(Asked):
    """Which tenants: their names tell nobody anything new, so the cursor is the last name."""

    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50
    cursor: Annotated[Text, Field(max_length=63)] = ""
    name: Annotated[Text | None, Field(max_length=63, description="Only the tenant of this name.")] = None


class TenantBody(Asked):
    """What a tenant is called."""

    name: TenantName


class RemoveTenantQuery(Asked):
    """The name of the tenant that is removed: a slip of an id removes nobody."""

    name: Annotated[Text, Field(max_length=63)]


class TenantTold(Told):
    """A tenant."""

    tenant_id: UUID
    name: str
    created_at: datetime


class TenantsTold(Told):
    """A page of tenants, by name."""

    items: list[TenantTold]
    next_cursor: str | None


async def show_tenants(call: Call) -> Reply:
    """List the tenants."""
    query = call.ask(TenantsQuery)
    async with call.site.pool.acquire() as connection:
        if query.name is not None:
            tenant = await find_tenant(connection, query.name)
            return Reply(TenantsTold(items=[_describe(tenant)] if tenant else [], next_cursor=None))
        found = await list_tenants(connection, after=query.cursor, limit=query.limit + 1)
    shown = found[: query.limit]
    more = shown[-1].name if len(found) > query.limit else None
    return Reply(TenantsTold(items=[_describe(tenant) for tenant in shown], next_cursor=more))


async def add(call: Call) -> Reply:
    """Add a tenant."""
    body = await call.read(TenantBody)
    async with call.site.pool.acquire() as connection:
        return Reply(_describe(await add_tenant(connection, body.name)))


async def show(call: Call) -> Reply:
    """Tell one tenant."""
    return Reply(_describe(await get_tenant(call.site.pool, _find_id(call))))


async def rename(call: Call) -> Reply:
    """Call a tenant otherwise."""
    body = await call.read(TenantBody)
    tenant_id = _find_id(call)
    async with call.site.pool.acquire() as connection:
        renamed = await rename_tenant(connection, tenant_id, body.name)
    if renamed is None:
        raise make_tenant_not_found(str(tenant_id))
    return Reply(_describe(renamed))


async def remove(call: Call) -> Reply:
    """Remove a tenant with everything that it has."""
    query = call.ask(RemoveTenantQuery)
    await end_tenant(call.site.pool, _find_id(call), name=query.name, now=call.site.clock())
    return Reply(None)


def _find_id(call: Call) -> TenantId:
    tenant_id = call.find_id("tenant_id")
    if tenant_id is None:
        raise make_tenant_not_found(call.request.match_info["tenant_id"])
    return TenantId(tenant_id)


def _describe(tenant: Tenant) -> TenantTold:
    return TenantTold(tenant_id=tenant.tenant_id, name=tenant.name, created_at=tenant.created_at)
