"""A project on the real servers, synced step by step by a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.parsing.parsers import open_parsers
from syncd.adapters.postgres.connections import Pool, open_pool
from syncd.adapters.postgres.projects import add_project, find_project_by_id
from syncd.adapters.postgres.tenants import add_tenant
from syncd.adapters.postgres.transactions import in_project, writing
from syncd.adapters.redis.locks import Identity, ProjectLocks, open_redis_client
from syncd.core.ids import ProjectId, TenantId
from syncd.core.projects import NewProject, Project
from syncd.core.runs import Run
from syncd.core.sources import Source
from syncd.services.locking import Locking, holding
from syncd.services.staging import Store
from syncd.services.sync import Limits, Workplace, sync_project
from tests.databases import Database

IDENTITY = Identity("tester", "localhost")
LIMITS = Limits(document_max_bytes=64 * 1024, project_max_documents=1000)


@dataclass(frozen=True, slots=True)
class Mirror:
    """One tenant's workplace: projects are added and synced through the same services as the daemon's."""

    web_pool: Pool
    read_pool: Pool
    work: Workplace
    locking: Locking
    tenant_id: TenantId

    @property
    def pool(self) -> Pool:
        """The daemon's pool."""
        return self.work.store.pool

    async def add_project(self, new: NewProject) -> Project:
        """Add a project to the tenant."""
        project_id = ProjectId(uuid4())
        async with writing(self.web_pool, self.tenant_id) as connection:
            await add_project(connection, self.tenant_id, project_id, new, credential=None)
        return await self.get_project(project_id)

    async def get_project(self, project_id: ProjectId) -> Project:
        """Return the project as it stands."""
        async with in_project(self.pool, self.tenant_id, project_id) as connection:
            project = await find_project_by_id(connection, project_id)
        assert project is not None
        return project

    async def sync(self, project: Project, source: Source) -> Run | None:
        """Sync once, as the loop does: none when the head is the one that is synced."""
        project = await self.get_project(project.project_id)
        head = await source.find_head(project.source_mark)
        if head is None:
            return None
        async with holding(self.locking, self.tenant_id, project.project_id, reason="test") as lock:
            return await sync_project(self.work, project, source, head, lock=lock)

    async def read_documents(self, project: Project) -> dict[str, bytes]:
        """Return the bytes of every current document by path."""
        async with in_project(self.pool, self.tenant_id, project.project_id) as connection:
            rows = await connection.fetch(
                """
                select v.path, coalesce(b.bytes, convert_to(b.text, 'UTF8')) as content
                from document_versions v
                join blobs b using (tenant_id, content_hash)
                where v.project_id = $1 and v.revision_to is null
                """,
                project.project_id,
            )
        return {row["path"]: row["content"] for row in rows}

    async def list_versions(self, project: Project) -> dict[str, tuple[str, int]]:
        """Return identity and version of every current document by path."""
        async with in_project(self.pool, self.tenant_id, project.project_id) as connection:
            rows = await connection.fetch(
                """
                select path, document_id::text, version from document_versions
                where project_id = $1 and revision_to is null
                """,
                project.project_id,
            )
        return {row["path"]: (row["document_id"], row["version"]) for row in rows}


@asynccontextmanager
async def open_mirror(
    database: Database, redis_server: RedisServer, *, tenant: str | TenantId = "acme", lease_seconds: float = 30.0
) -> AsyncIterator[Mirror]:
    """Open a workplace of a new tenant of this name, or of one that is there."""
    async with (
        open_pool(database.sync_url, size=4) as sync_pool,
        open_pool(database.web_url, size=2) as web_pool,
        open_pool(database.read_url, size=2) as read_pool,
        open_redis_client(redis_server.url) as redis,
        open_parsers(workers=0) as parsers,
    ):
        tenant_id = tenant if isinstance(tenant, UUID) else await _add_tenant(web_pool, tenant)
        locks = ProjectLocks(redis, IDENTITY, lease_seconds=lease_seconds)
        work = Workplace(Store(sync_pool, parsers), LIMITS, lambda: datetime.now(UTC))
        locking = Locking(sync_pool, locks, IDENTITY.locked_by, lease_seconds)
        yield Mirror(web_pool, read_pool, work, locking, tenant_id)


async def _add_tenant(pool: Pool, name: str) -> TenantId:
    async with pool.acquire() as connection:
        return (await add_tenant(connection, name)).tenant_id
