"""The fence: minted here after Redis said yes, checked inside every write transaction, given back at the end."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId
from syncd.core.locks import Lease, Lock
from syncd.errors import Busy

_MINT_FENCE = load_statement("leases/mint_fence")
_RELEASE_FENCE = load_statement("leases/release_fence")
_GET_LEASE = load_statement("leases/get_lease")
_LIST_LEASES = load_statement("leases/list_leases")

WRITE_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Minted:
    """A new fence. *previous_holder*: who had not given the lease back, and has lost it now."""

    fence: int
    previous_holder: str | None


async def mint_fence(connection: Connection, project_id: ProjectId, nonce: UUID, holder: str) -> Minted | None:
    """Return a new fence, which ends every earlier holder's right to write; none while the project is frozen.

    Raises `Busy` while an earlier holder's write is under way for longer than may be waited.
    """
    with explaining_wait():
        row = await connection.fetchrow(_MINT_FENCE, project_id, nonce, holder)
    return Minted(**row) if row else None


async def release_fence(connection: Connection, lock: Lock) -> bool:
    """End the right of *lock* to write; false when it had ended already."""
    return await connection.fetchval(_RELEASE_FENCE, lock.project_id, lock.fence, lock.nonce) is not None


async def get_lease(connection: Connection, project_id: ProjectId) -> Lease | None:
    """Return what Postgres says of a project's lock; none for a project that is gone, or not yours."""
    row = await connection.fetchrow(_GET_LEASE, project_id)
    return Lease(**row) if row else None


async def list_leases(connection: Connection, project_ids: Collection[ProjectId]) -> Mapping[ProjectId, Lease]:
    """Return what Postgres says of the locks of *project_ids*."""
    rows = await connection.fetch(_LIST_LEASES, list(project_ids))
    return {row["project_id"]: Lease(**{key: row[key] for key in dict(row) if key != "project_id"}) for row in rows}


@contextmanager
def explaining_wait() -> Iterator[None]:
    """Say what was waited for: a write that is under way ends first, and its server gives it at most 30 seconds."""
    try:
        yield
    except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError) as error:
        raise Busy(
            "project_writing",
            "The holder of the project's lock is writing; nothing was changed.",
            hint="Try again in a few seconds: a write ends, or is ended, within 30.",
            after_seconds=WRITE_RETRY_SECONDS,
        ) from error
