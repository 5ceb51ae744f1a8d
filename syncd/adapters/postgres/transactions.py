"""The transactions of the system: each sets whose rows it may see, and nothing of it outlives the transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from syncd.adapters.postgres.connections import Connection, Pool, refusing_stale_writes
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId, TenantId
from syncd.core.locks import Lock

_ENTER_TENANT = load_statement("context/enter_tenant")
_ENTER_PROJECT = load_statement("context/enter_project")
_ENTER_FENCE = load_statement("context/enter_fence")
_NAME_REQUEST = load_statement("context/name_request")


@asynccontextmanager
async def reading(pool: Pool, tenant_id: TenantId) -> AsyncIterator[Connection]:
    """Open a read-only snapshot of one tenant's rows: several statements see one state."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(_ENTER_TENANT, tenant_id)
        yield connection


@asynccontextmanager
async def writing(pool: Pool, tenant_id: TenantId) -> AsyncIterator[Connection]:
    """Open a transaction on one tenant's rows, for the tables that no sync writes."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_ENTER_TENANT, tenant_id)
        yield connection


@asynccontextmanager
async def in_project(pool: Pool, tenant_id: TenantId, project_id: ProjectId) -> AsyncIterator[Connection]:
    """Open a transaction of the daemon on one project, without the fence: it can change conditions, never content."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_ENTER_PROJECT, tenant_id, project_id)
        yield connection


@asynccontextmanager
async def fenced(pool: Pool, lock: Lock) -> AsyncIterator[Connection]:
    """Open a write transaction under *lock*, whose loss cuts its connection.

    Raises `LeaseLost` when the lock is no longer held; then nothing was written. Raises `Unreachable` when the connection is lost.
    """
    with explaining_outage(), refusing_stale_writes():
        async with pool.acquire() as connection:
            with lock.cuts.offering(connection.terminate):
                async with connection.transaction():
                    await connection.execute(_ENTER_FENCE, lock.tenant_id, lock.project_id, lock.fence, lock.nonce)
                    yield connection


async def name_request(connection: Connection, request_id: str) -> None:
    """Say which request does what this transaction does: what it adds to the history of locks says so."""
    await connection.execute(_NAME_REQUEST, request_id)
