"""What the lock campaigns stand on: a project, holders that write rows with their mark, and the ledger that finds stale ones."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

from redis.asyncio import Redis

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import Connection, LeaseLost, Pool, open_pool
from syncd.adapters.postgres.leases import mint_fence
from syncd.adapters.postgres.projects import add_project
from syncd.adapters.postgres.tenants import add_tenant
from syncd.adapters.postgres.transactions import fenced, in_project, writing
from syncd.adapters.redis.locks import Identity, ProjectLocks, load_script, make_keys, open_redis_client
from syncd.core.ids import ProjectId, TenantId
from syncd.core.locks import Actor, Lock
from syncd.core.projects import NewProject
from syncd.services.freezing import LockDesk
from syncd.services.locking import Locking
from tests.databases import Database
from tests.wrong_clocks import WrongClock

INSERT = """
insert into sync_runs (tenant_id, project_id, outcome, fence, error_message, started_at, finished_at)
values ($1, $2, 'noop', $3, $4, now(), now())
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """The servers of a campaign and the tenant that it plays in. *superuser* does what no login may.

    *mutants*: what is replaced in which script, to show that the campaign notices. *clock*: the one that Redis believes, where a
    test sets that; otherwise what a jump of it does to a lease is done to the lease.
    """

    sync_pool: Pool
    web_pool: Pool
    superuser: Pool
    redis: Redis
    tenant_id: TenantId
    lease_seconds: float
    mutants: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    clock: WrongClock | None = None

    def make_locks(self, name: str, redis: Redis | None = None) -> ProjectLocks:
        """Return the Redis side of the locks of one replica."""
        locks = ProjectLocks(redis or self.redis, Identity(name, "host"), lease_seconds=self.lease_seconds)
        for script, (part, replacement) in self.mutants.items():
            assert part in load_script(script)
            locks._scripts[script] = self.redis.register_script(load_script(script).replace(part, replacement))
        return locks

    def make_locking(self, name: str, redis: Redis | None = None) -> Locking:
        """Return what one replica holds projects with."""
        return Locking(self.sync_pool, self.make_locks(name, redis), name, self.lease_seconds)

    def make_desk(self, name: str, *, is_admin: bool = False, redis: Redis | None = None) -> LockDesk:
        """Return the desk of one operator."""
        return LockDesk(
            self.web_pool,
            redis or self.redis,
            self.make_locks(name, redis),
            self.tenant_id,
            Actor(name, is_admin=is_admin),
            self.lease_seconds,
            lambda: datetime.now(UTC),
        )

    async def add_project(self) -> ProjectId:
        """Add a project with a name of its own."""
        project_id = ProjectId(uuid4())
        new = NewProject(name=f"p-{project_id}", source="folder", folder="/nowhere")
        async with writing(self.web_pool, self.tenant_id) as connection:
            await add_project(connection, self.tenant_id, project_id, new, credential=None)
        return project_id

    async def set_ttl(self, project_id: ProjectId, milliseconds: int) -> None:
        """Let the clock of Redis jump so that the lease has so long to last."""
        key, _ = make_keys(project_id)
        if self.clock is None:
            await self.redis.pexpire(key, milliseconds)
        else:
            self.clock.jump((await self.redis.pttl(key) - milliseconds + 1) / 1000)
            async with asyncio.timeout(5):  # Redis reads its clock between two commands
                while abs(await self.redis.pttl(key) - milliseconds) > 1000:
                    pass


@asynccontextmanager
async def open_ground(
    database: Database, redis_server: RedisServer, *, lease_seconds: float = 1.0, size: int = 8
) -> AsyncIterator[Ground]:
    """Open the servers, and make a tenant."""
    async with (
        open_pool(database.sync_url, size=size) as sync_pool,
        open_pool(database.web_url, size=4) as web_pool,
        open_pool(database.migrator_url, size=2) as superuser,
        open_redis_client(redis_server.url) as redis,
    ):
        async with web_pool.acquire() as connection:
            tenant = await add_tenant(connection, f"t-{uuid4().hex[:12]}")
        yield Ground(sync_pool, web_pool, superuser, redis, tenant.tenant_id, lease_seconds)


@dataclass(slots=True)
class Ledger:
    """How many rows each holder found when it had taken the lock. A row of an earlier holder that came later is a stale write."""

    ground: Ground
    project_id: ProjectId
    found: list[tuple[int, str, int]] = field(default_factory=list)

    async def note_taken(self, mark: str, *, turn: int | None = None) -> None:
        """Note what *mark*, to whom the lock belongs from now on, finds. *turn*: its place among the holders (none: the last)."""
        async with in_project(self.ground.sync_pool, self.ground.tenant_id, self.project_id) as connection:
            rows = await connection.fetchval("select count(*) from sync_runs")
        self.found.append((len(self.found) if turn is None else turn, mark, rows))

    async def count_stale(self) -> int:
        """Return how many rows came after somebody else had taken the lock from who wrote them."""
        rows = await self._count_rows()
        assert rows.keys() <= {mark for _, mark, _ in self.found}
        before, stale = 0, 0
        for _, mark, found in sorted(self.found):
            stale += max(0, before - stale - found)
            before += rows[mark]
        return stale

    async def count_rows(self) -> int:
        """Return how many rows there are."""
        return sum((await self._count_rows()).values())

    async def _count_rows(self) -> Counter[str]:
        async with in_project(self.ground.sync_pool, self.ground.tenant_id, self.project_id) as connection:
            rows = await connection.fetch("select error_message as mark, count(*) from sync_runs group by 1")
        return Counter({row["mark"]: row["count"] for row in rows})


@dataclass(frozen=True, slots=True)
class Writer:
    """A holder, or one who still thinks so. Every row that it writes says its mark."""

    lock: Lock
    mark: str


async def take(ground: Ground, ledger: Ledger, name: str) -> Writer:
    """Take the lease in Postgres, as one does who was told yes by Redis."""
    nonce = uuid4()
    async with in_project(ground.sync_pool, ground.tenant_id, ledger.project_id) as connection:
        minted = await mint_fence(connection, ledger.project_id, nonce, name)
    assert minted is not None
    writer = Writer(Lock(ground.tenant_id, ledger.project_id, minted.fence, nonce), f"{name} {nonce}")
    await ledger.note_taken(writer.mark)
    return writer


async def write(ground: Ground, writer: Writer, dice: Random) -> bool:
    """Write one row in a transaction that takes its time before and after; false when it was refused."""
    try:
        async with fenced(ground.sync_pool, writer.lock) as connection:
            await dawdle(connection, dice)
            await insert(connection, writer)
            await dawdle(connection, dice)
    except LeaseLost:
        return False
    return True


async def insert(connection: Connection, writer: Writer) -> None:
    """Write a row that says who wrote it."""
    lock = writer.lock
    await connection.execute(INSERT, lock.tenant_id, lock.project_id, lock.fence, writer.mark)


async def dawdle(connection: Connection, dice: Random) -> None:
    """Let a few statements' time pass."""
    for _ in range(dice.randrange(4)):
        await connection.execute("select 1")
