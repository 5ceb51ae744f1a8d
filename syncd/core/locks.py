"""The lock of a project as a value: code that must run under it takes it as an argument."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from syncd.core.ids import ProjectId, TenantId


@dataclass(frozen=True, slots=True)
class Lock:
    """Proof that this holder may write: Postgres accepts (fence, nonce) until somebody else takes the lock."""

    tenant_id: TenantId
    project_id: ProjectId
    fence: int
    nonce: UUID


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a project's lock, as operators see it. Times are the lock server's."""

    locked_by: str
    locked_at: datetime
    expires_at: datetime
    reason: str
    kind: str
    fence: int | None
    host: str
    heartbeat_at: datetime
