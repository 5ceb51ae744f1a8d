"""A Redis that fails over, throws locks away, or is a cluster: nothing stale is written, and all goes on by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import LeaseLost
from syncd.adapters.redis.allowances import SharedAllowances
from syncd.adapters.redis.budgets import SharedBudgets
from syncd.adapters.redis.locks import list_holders, make_keys, open_redis_client
from syncd.adapters.redis.throttles import Throttle
from syncd.core.allowances import Allowance
from syncd.core.budgets import Go, Rules
from syncd.core.credentials import BudgetId
from syncd.core.ids import ProjectId
from syncd.core.rates import Report, Window
from syncd.core.throttles import Rate
from syncd.services.freezing import force_release, freeze_project, get_lock, unfreeze_project
from syncd.services.lock_keeping import keep_locks
from syncd.services.locking import holding
from tests.databases import Database
from tests.faultproxy import proxying_redis
from tests.locks.ground import Ground, Ledger, Writer, open_ground, write
from tests.valkeys import running_valkey

SECONDS = 10
DICE = Random(1)


@pytest_asyncio.fixture
async def ground(database: Database, redis_server: RedisServer) -> AsyncIterator[Ground]:
    async with open_ground(database, redis_server, lease_seconds=600) as opened:
        yield opened


async def hold_until_lost(ground: Ground, project_id: ProjectId, held: asyncio.Future[Writer]) -> None:
    """Hold a project as a daemon does, and go on until the lease is lost."""
    async with holding(ground.make_locking("first"), ground.tenant_id, project_id, reason="test") as lock:
        held.set_result(Writer(lock, "first"))
        await asyncio.Event().wait()


@asynccontextmanager
async def losing(ground: Ground, project_id: ProjectId) -> AsyncIterator[Writer]:
    """Hold a project for the body, in which it must be lost."""
    held: asyncio.Future[Writer] = asyncio.get_running_loop().create_future()
    holder = asyncio.create_task(hold_until_lost(ground, project_id, held))
    try:
        yield await asyncio.wait_for(held, SECONDS)
        with pytest.raises(LeaseLost):
            await asyncio.wait_for(asyncio.shield(holder), SECONDS)
    finally:
        holder.cancel()
        await asyncio.wait([holder])


async def freeze(ground: Ground, project_id: ProjectId) -> None:
    """Freeze a project, and let a daemon's keeper see that Redis shows it."""
    await freeze_project(ground.make_desk("operator"), project_id, reason="the release")
    await keep_locks(ground.make_locking("keeper"), now=datetime.now(UTC))


async def take_over_and_show_the_freeze(
    ground: Ground, first: Writer, project_id: ProjectId, frozen: ProjectId
) -> None:
    """Let another hold what Redis has forgotten: who held it before writes nothing more, and the freeze is shown again."""
    assert await write(ground, first, DICE)
    ledger = Ledger(ground, project_id, [(0, "first", 0)])
    async with holding(ground.make_locking("second"), ground.tenant_id, project_id, reason="test") as lock:
        second = Writer(lock, "second")
        await ledger.note_taken("second")
        assert [await write(ground, one, DICE) for one in (first, second, first)] == [False, True, False]
    assert await ledger.count_stale() == 0
    await keep_locks(ground.make_locking("keeper"), now=datetime.now(UTC))
    state = await get_lock(ground.make_desk("operator"), frozen)
    assert state.holder is not None
    assert (state.lease.is_frozen, state.holder.kind) == (True, "freeze")
    events = "select action from lock_events where project_id = $1 order by at"
    assert "redis_rebuilt" in [row["action"] for row in await ground.superuser.fetch(events, frozen)]


async def test_a_replica_that_is_promoted_without_the_last_writes_lets_nothing_stale_in(
    ground: Ground, kept_port: int
) -> None:
    project_id, frozen = await ground.add_project(), await ground.add_project()
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(running_valkey("--repl-diskless-sync-delay", "0", port=kept_port))
        replica = await stack.enter_async_context(running_valkey("--replicaof", "127.0.0.1", str(kept_port)))
        promoted = await stack.enter_async_context(open_redis_client(replica))
        proxy, url = await stack.enter_async_context(proxying_redis(primary))
        through = replace(ground, redis=await stack.enter_async_context(open_redis_client(url)), lease_seconds=3)
        await through.redis.set("syncd:before", "1")
        await wait_for_replica(promoted)
        await promoted.replicaof("NO", "ONE")
        # The primary does not know yet, and goes on taking writes that nobody will have seen.
        await freeze(through, frozen)
        async with losing(through, project_id) as first:
            await proxy.lead_to(urlsplit(replica).path)
            assert await list_holders(promoted, [project_id, frozen]) == {}
            await take_over_and_show_the_freeze(through, first, project_id, frozen)


async def wait_for_replica(replica: Redis) -> None:
    async with asyncio.timeout(SECONDS):
        while await replica.get("syncd:before") is None:
            pass


async def test_a_redis_that_evicts_a_lease_and_a_freeze_lets_nothing_stale_in(ground: Ground) -> None:
    project_id, frozen = await ground.add_project(), await ground.add_project()
    options = ("--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru")
    async with running_valkey(*options) as url, open_redis_client(url) as redis:
        through = replace(ground, redis=redis, lease_seconds=3)
        await freeze(through, frozen)
        async with losing(through, project_id) as first:
            keys = [make_keys(one)[0] for one in (project_id, frozen)]
            # Renewed three times a lease, a lock is among the keys that were used last: it goes when little else is left.
            for number in range(2000):
                await redis.set(f"junk-{number}", "x" * 50_000)
                if not await redis.exists(*keys):
                    break
            assert await redis.exists(*keys) == 0
            await redis.flushall()  # room again, for what comes now
            await take_over_and_show_the_freeze(through, first, project_id, frozen)


async def test_every_script_runs_on_a_cluster(ground: Ground) -> None:
    """A node of a cluster refuses a script whose keys do not lie in one slot."""
    project_id = await ground.add_project()
    async with running_valkey("--cluster-enabled", "yes") as url, open_redis_client(url) as redis:
        await redis.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)  # type: ignore[no-untyped-call]
        async with asyncio.timeout(SECONDS):
            while "cluster_state:ok" not in str(await redis.execute_command("CLUSTER", "INFO")):  # type: ignore[no-untyped-call]
                pass
        with pytest.raises(ResponseError, match="same slot"):
            await redis.eval("return 1", 2, "one", "two")
        there = replace(ground, redis=redis)
        async with holding(there.make_locking("first"), ground.tenant_id, project_id, reason="test") as lock:
            assert (await list_holders(redis, [project_id]))[project_id].fence == lock.fence
            desk = there.make_desk("operator")
            await force_release(desk, project_id, reason="stuck", expected_fence=lock.fence)
            assert await list_holders(redis, [project_id]) == {}
        await freeze_project(desk, project_id, reason="the release")
        assert (await list_holders(redis, [project_id]))[project_id].kind == "freeze"
        await unfreeze_project(desk, project_id)
        budgets, budget_id, nonce = SharedBudgets(redis, Rules()), BudgetId(uuid4().hex), uuid4()
        assert await budgets.ask(budget_id, nonce, resource="core", bulk=False, points=1) == Go(0.0)
        await budgets.tell(budget_id, nonce, Report("core", Window(60, 59, 2_000_000_000, 600.0)), fraction=0)
        assert await SharedAllowances(redis).spend("key", Allowance(1.0, 1), units=1) == 0
        throttle = Throttle(redis, clock=lambda: 0.0)
        assert [await throttle.take("ann", Rate(3600, 1)) > 0 for _ in range(2)] == [False, True]
