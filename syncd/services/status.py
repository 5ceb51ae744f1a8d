"""What operators see: how each project of a tenant stands, who works on it, and whether the servers answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.status import EmbeddingState, ProjectState, list_embeddings, list_project_states
from syncd.adapters.postgres.transactions import reading
from syncd.adapters.redis.budgets import list_budgets
from syncd.adapters.redis.locks import RedisClient
from syncd.adapters.redis.policy import find_wrong_policy
from syncd.adapters.redis.progress import list_progress
from syncd.core.budgets import KnownBudget
from syncd.core.ids import ProjectId, TenantId
from syncd.core.progress import Progress
from syncd.errors import SyncdError
from syncd.services.budgets import Budgets
from syncd.services.lock_states import LockState, list_lock_states

PROJECTS_LIMIT = 2000
LEASE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Coordination:
    """What Redis knows beside the locks: how far running syncs are, what credentials have left, and how it evicts if it does."""

    progress: Mapping[ProjectId, Progress] = field(default_factory=dict)
    budgets: Sequence[KnownBudget] | None = None
    wrong_policy: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """A tenant's projects by name. *redis_trouble* says why nobody is known to hold a lock; *truncated*, that there are more projects.

    Budgets are those of the credentials that the projects use; none where nobody could be asked.
    """

    projects: Sequence[ProjectState]
    locks: Mapping[ProjectId, LockState]
    known: Coordination
    redis_trouble: SyncdError | None
    truncated: bool
    as_of: datetime
    embeddings: Mapping[ProjectId, EmbeddingState] = field(default_factory=dict)


async def get_status(
    pool: Pool,
    redis: RedisClient,
    tenant_id: TenantId,
    *,
    project_ids: Collection[ProjectId] | None,
    now: datetime,
    limit: int = PROJECTS_LIMIT,
    own: Budgets | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> Status:
    """Return how the tenant's projects stand; with *project_ids* only those. Raises `Unreachable`.

    Goes on without Redis: then nobody is known to hold a lock, and of budgets only what this process knows (*own*).
    """
    with explaining_outage():
        async with reading(pool, tenant_id) as connection:
            found = await list_project_states(connection, project_ids=project_ids, limit=limit + 1)
            vectors = await list_embeddings(connection, project_ids=project_ids)
    projects, truncated = found[:limit], len(found) > limit
    shown = [project.project_id for project in projects]
    locks = await list_lock_states(pool, redis, tenant_id, project_ids=shown, lease_seconds=lease_seconds, now=now)
    try:
        known, trouble = await _ask_redis(redis, projects, now=now), locks.redis_trouble
    except SyncdError as error:
        fetched = _list_fetched(projects)
        known, trouble = Coordination(budgets=own.list_own(fetched) if own else None), error
    embeddings = {state.project_id: state for state in vectors}
    return Status(projects, locks.states, known, trouble, truncated=truncated, as_of=now, embeddings=embeddings)


async def _ask_redis(redis: RedisClient, projects: Sequence[ProjectState], *, now: datetime) -> Coordination:
    shown = [project.project_id for project in projects]
    return Coordination(
        progress=await list_progress(redis, shown),
        budgets=await list_budgets(redis, _list_fetched(projects), now=now.timestamp()),
        wrong_policy=await find_wrong_policy(redis),
    )


def _list_fetched(projects: Sequence[ProjectState]) -> Sequence[ProjectId]:
    return [project.project_id for project in projects if project.source == "github"]
