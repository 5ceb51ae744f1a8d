"""The fence: minted here after Redis said yes, checked inside every write transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId

_MINT_FENCE = load_statement("leases/mint_fence")
_GET_FREEZE = load_statement("leases/get_freeze")
_ADD_LOCK_EVENT = load_statement("leases/add_lock_event")


@dataclass(frozen=True, slots=True)
class Freeze:
    """A person's stop: by whom, why, and until when (none: until it is lifted)."""

    frozen_by: str
    freeze_reason: str
    freeze_until: datetime | None


async def mint_fence(connection: Connection, project_id: ProjectId, nonce: UUID, holder: str) -> int | None:
    """Return a new fence, which ends every earlier holder's right to write; none while the project is frozen."""
    fence: int | None = await connection.fetchval(_MINT_FENCE, project_id, nonce, holder)
    return fence


async def get_freeze(connection: Connection, project_id: ProjectId) -> Freeze | None:
    """Return the freeze of a project."""
    row = await connection.fetchrow(_GET_FREEZE, project_id)
    return Freeze(**row) if row else None


async def add_lock_event(
    connection: Connection,
    project_id: ProjectId,
    action: str,
    *,
    actor: str,
    reason: str | None = None,
    fence: int | None = None,
    previous_holder: str | None = None,
) -> None:
    """Remember what happened to a lock."""
    await connection.execute(_ADD_LOCK_EVENT, project_id, action, actor, reason, fence, previous_holder)
