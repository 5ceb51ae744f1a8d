"""The Redis side of a lock: one holder, idempotent by nonce, never longer than a lease."""

import asyncio
import re
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.locks import (
    SCRIPTS,
    Identity,
    ProjectLocks,
    check_redis,
    list_holders,
    load_script,
    make_keys,
    open_redis_client,
)
from syncd.core.ids import ProjectId
from syncd.errors import Rejected, Unreachable
from tests.faultproxy import proxying_redis

LEASE_SECONDS = 30.0


@pytest.fixture
def locks(redis: Redis) -> ProjectLocks:
    return make_locks(redis, "first")


@pytest.fixture
def project_id() -> ProjectId:
    return ProjectId(uuid4())


def make_locks(redis: Redis, name: str) -> ProjectLocks:
    return ProjectLocks(redis, Identity(name, f"host-of-{name}"), lease_seconds=LEASE_SECONDS)


async def test_a_free_lock_is_taken_and_shown(locks: ProjectLocks, redis: Redis, project_id: ProjectId) -> None:
    nonce = uuid4()
    assert await locks.acquire(project_id, nonce, reason="poll", kind="sync") is None
    holder = (await list_holders(redis, [project_id, ProjectId(uuid4())]))[project_id]
    assert (holder.locked_by, holder.host, holder.reason, holder.kind) == ("first", "host-of-first", "poll", "sync")
    assert holder.fence is None
    assert holder.expires_at is not None
    assert (holder.expires_at - holder.locked_at).total_seconds() == LEASE_SECONDS
    assert holder.heartbeat_at == holder.locked_at
    assert str(nonce) not in repr(holder)


async def test_no_projects_have_no_holders(redis: Redis) -> None:
    assert await list_holders(redis, []) == {}


async def test_a_second_taker_is_told_who_holds_it(locks: ProjectLocks, redis: Redis, project_id: ProjectId) -> None:
    await locks.acquire(project_id, uuid4(), reason="poll", kind="sync")
    refused = await make_locks(redis, "second").acquire(project_id, uuid4(), reason="other", kind="manual")
    assert refused is not None
    assert (refused.holder.locked_by, refused.holder.reason, refused.clamped) == ("first", "poll", False)


async def test_a_lost_reply_is_asked_again_and_the_lock_is_ours(locks: ProjectLocks, project_id: ProjectId) -> None:
    nonce = uuid4()
    assert await locks.acquire(project_id, nonce, reason="poll", kind="sync") is None
    assert await locks.acquire(project_id, nonce, reason="poll", kind="sync") is None
    assert await locks.release(project_id, nonce)


async def test_only_its_holder_renews_and_releases_a_lock(
    locks: ProjectLocks, redis: Redis, project_id: ProjectId
) -> None:
    nonce = uuid4()
    await locks.acquire(project_id, nonce, reason="poll", kind="sync")
    assert not await locks.renew(project_id, uuid4(), fence=1)
    assert not await locks.release(project_id, uuid4())
    await redis.pexpire(make_keys(project_id)[0], 1000)
    assert await locks.renew(project_id, nonce, fence=7)
    assert await redis.pttl(make_keys(project_id)[0]) > 1000
    assert (await list_holders(redis, [project_id]))[project_id].fence == 7
    assert await locks.release(project_id, nonce)
    assert await list_holders(redis, [project_id]) == {}
    assert not await locks.release(project_id, nonce)
    assert not await locks.renew(project_id, nonce, fence=7)


async def test_a_lock_that_ran_out_is_free_and_its_old_holder_is_told(
    locks: ProjectLocks, redis: Redis, project_id: ProjectId
) -> None:
    old = uuid4()
    await locks.acquire(project_id, old, reason="poll", kind="sync")
    await redis.delete(make_keys(project_id)[0])  # what the end of the lease does
    second = make_locks(redis, "second")
    assert await second.acquire(project_id, uuid4(), reason="poll", kind="sync") is None
    assert not await locks.renew(project_id, old, fence=1)
    assert not await locks.release(project_id, old)
    assert (await list_holders(redis, [project_id]))[project_id].locked_by == "second"


async def test_a_lease_is_never_longer_than_the_longest_one(
    locks: ProjectLocks, redis: Redis, project_id: ProjectId
) -> None:
    """A clock that jumped back an hour makes a lease of an hour."""
    await locks.acquire(project_id, uuid4(), reason="poll", kind="sync")
    await redis.pexpire(make_keys(project_id)[0], 3_600_000)
    second = make_locks(redis, "second")
    refused = await second.acquire(project_id, uuid4(), reason="poll", kind="sync")
    assert refused is not None
    assert refused.clamped
    assert await redis.pttl(make_keys(project_id)[0]) <= LEASE_SECONDS * 1000
    again = await second.acquire(project_id, uuid4(), reason="poll", kind="sync")
    assert again is not None
    assert not again.clamped


async def test_every_lease_ends_by_itself(locks: ProjectLocks, redis: Redis, project_id: ProjectId) -> None:
    nonce = uuid4()
    await locks.acquire(project_id, nonce, reason="poll", kind="sync")
    assert 0 < await redis.pttl(make_keys(project_id)[0]) <= LEASE_SECONDS * 1000
    await locks.renew(project_id, nonce, fence=1)
    assert 0 < await redis.pttl(make_keys(project_id)[0]) <= LEASE_SECONDS * 1000


async def test_takers_and_releasers_are_heard_by_those_who_wait(
    locks: ProjectLocks, redis: Redis, project_id: ProjectId
) -> None:
    async with redis.pubsub() as channel:
        await channel.subscribe(make_keys(project_id)[1])
        nonce = uuid4()
        await locks.acquire(project_id, nonce, reason="poll", kind="sync")
        await locks.release(project_id, nonce)
        heard = [await channel.get_message(timeout=5) for _ in range(3)]
    assert [message["data"] for message in heard[1:] if message] == ["acquired", "released"]


async def test_clearing_ends_any_lease(locks: ProjectLocks, redis: Redis, project_id: ProjectId) -> None:
    await locks.acquire(project_id, uuid4(), reason="poll", kind="sync")
    await locks.clear(project_id)
    assert await list_holders(redis, [project_id]) == {}


def test_all_keys_of_a_project_are_in_one_slot_of_a_cluster(project_id: ProjectId) -> None:
    assert len({key_slot(key.encode()) for key in make_keys(project_id)}) == 1
    assert make_keys(project_id) != make_keys(ProjectId(uuid4()))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_touches_only_the_keys_it_is_given(name: str) -> None:
    """A cluster refuses anything else."""
    script = load_script(name)
    calls = re.findall(r"redis\.call\('(\w+)'(?:, ([\w\[\]]+))?", script)
    assert calls
    assert all(key in {"KEYS[1]", "KEYS[2]"} for command, key in calls if command != "TIME")
    # Nor is a key made up within the script: every script is called with these two.
    assert set(re.findall(r"KEYS\[(\d+)\]", script)) <= {"1", "2"}


async def test_a_wrong_password_is_said(redis_server: RedisServer) -> None:
    parts = urlsplit(redis_server.url)
    host = parts.netloc.rpartition("@")[2]
    async with open_redis_client(urlunsplit(parts._replace(netloc=f":wrong@{host}"))) as client:
        with pytest.raises(Rejected, match="refused the user or its password"):
            await check_redis(client)


async def test_a_server_that_is_not_there_is_said(closed_port: int) -> None:
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}/0") as client:
        with pytest.raises(Unreachable, match="Redis does not answer"):
            await make_locks(client, "first").acquire(ProjectId(uuid4()), uuid4(), reason="poll", kind="sync")


async def test_a_call_can_be_cancelled_at_every_step(locks: ProjectLocks, project_id: ProjectId) -> None:
    """redis-py on Python 3.11 swallows a cancellation that comes while it sends; a task that renews could then never be ended."""
    await locks.release(project_id, uuid4())  # connected, and the script is known
    cancelled = 0
    for steps in range(1, 30):
        call = asyncio.create_task(locks.release(project_id, uuid4()))
        for _ in range(steps):
            await asyncio.sleep(0)
        asked = call.cancel()  # false: it had ended before
        (outcome,) = await asyncio.gather(call, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError) is asked
        cancelled += asked
    assert cancelled


async def test_a_server_that_answers_drop_by_drop_is_given_up(redis_server: RedisServer, project_id: ProjectId) -> None:
    async with proxying_redis(redis_server.url) as (proxy, url), open_redis_client(url) as client:
        locks = make_locks(client, "first")
        await locks.release(project_id, uuid4())
        proxy.faults.slow_reply, proxy.faults.slow_seconds = 1.0, 0.7  # each reply comes in time, all of them do not
        with pytest.raises(Unreachable, match="TimeoutError"):
            await list_holders(client, [ProjectId(uuid4()) for _ in range(2000)])
