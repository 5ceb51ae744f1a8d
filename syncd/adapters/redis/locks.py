"""One Redis hash per project says who works on it; its scripts are idempotent by nonce, so a lost reply does no harm."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, TypeAlias
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from syncd.core.ids import ProjectId
from syncd.core.locks import Holder, Lease
from syncd.errors import Rejected, Unreachable

RedisClient: TypeAlias = Redis
SCRIPTS = ("acquire", "renew", "release", "mirror", "force")
CALL_SECONDS = 1.0  # every call to Redis ends within this; a lock that answers slower is as good as none


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks for locks: shown to operators."""

    locked_by: str
    host: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody else holds the lock. *clamped*: its lease outlived the longest one (a clock jumped) and was cut."""

    holder: Holder
    clamped: bool


class ProjectLocks:
    """The Redis side of project locks. Owns no connection: *redis* is opened by `open_redis_client`."""

    def __init__(self, redis: Redis, identity: Identity, *, lease_seconds: float) -> None:
        self._redis = redis
        self._identity = identity
        self._lease_ms = int(lease_seconds * 1000)
        self._scripts = {name: redis.register_script(load_script(name)) for name in SCRIPTS}

    async def acquire(self, project_id: ProjectId, nonce: UUID, *, reason: str, kind: str) -> Refused | None:
        """Take the lock; none means it is ours. Raises `Unreachable`."""
        shown = (self._identity.locked_by, reason, kind, self._identity.host)
        taken, clamped, fields = await self._run("acquire", project_id, str(nonce), self._lease_ms, *shown)
        if taken:
            return None
        return Refused(make_holder(dict(zip(fields[::2], fields[1::2], strict=True))), clamped=bool(clamped))

    async def renew(self, project_id: ProjectId, nonce: UUID, *, fence: int) -> bool:
        """Extend our lease; false means it was lost. Raises `Unreachable`."""
        return bool(await self._run("renew", project_id, str(nonce), self._lease_ms, fence))

    async def release(self, project_id: ProjectId, nonce: UUID) -> bool:
        """Give the lock back; false means it was no longer ours. Raises `Unreachable`."""
        return bool(await self._run("release", project_id, str(nonce)))

    async def show_freeze(self, project_id: ProjectId, lease: Lease) -> bool:
        """Show the freeze that stands in Postgres, in place of any lease, or that none stands; true where that changed something."""
        if not lease.is_frozen:
            return bool(await self._run("mirror", project_id, "", "", "", "", "", ""))
        times = (_format_time(lease.frozen_at), _format_time(lease.freeze_until))
        shown = (str(lease.freeze_id), lease.frozen_by or "", *times, lease.freeze_reason or "", lease.fence)
        return bool(await self._run("mirror", project_id, *shown))

    async def force(self, project_id: ProjectId, *, fence: int) -> bool:
        """End the lease of a holder whose fence is older than *fence*; false when there is none. Raises `Unreachable`."""
        return bool(await self._run("force", project_id, fence))

    async def clear(self, project_id: ProjectId) -> None:
        """Remove whatever lease stands: only for `up`, which owns its Redis and has just started it."""
        async with calling_redis():
            await self._redis.delete(make_keys(project_id)[0])

    async def list_unshown(self, freezes: Mapping[ProjectId, UUID]) -> Sequence[ProjectId]:
        """Return those of *freezes* (project and freeze id) that Redis does not show, in one round trip. Raises `Unreachable`."""
        async with calling_redis(), self._redis.pipeline(transaction=False) as pipeline:
            for project_id in freezes:
                pipeline.hget(make_keys(project_id)[0], "nonce")
            shown = await pipeline.execute()
        wanted = zip(freezes.items(), shown, strict=True)
        return [project_id for (project_id, freeze_id), nonce in wanted if nonce != f"freeze:{freeze_id}"]

    async def _run(self, name: str, project_id: ProjectId, *args: str | float) -> Any:  # noqa: ANN401 - a script's own answer
        async with calling_redis():
            return await self._scripts[name](keys=make_keys(project_id), args=list(args))


def load_script(name: str) -> str:
    """Return the text of a script."""
    return (files("syncd.adapters.redis") / "scripts" / f"{name}.lua").read_text(encoding="utf-8")


async def list_holders(redis: Redis, project_ids: Sequence[ProjectId]) -> Mapping[ProjectId, Holder]:
    """Return who holds or froze *project_ids*, without those that are free, in one round trip. Raises `Unreachable`."""
    if not project_ids:
        return {}
    async with calling_redis(), redis.pipeline(transaction=False) as pipeline:
        for project_id in project_ids:
            pipeline.hgetall(make_keys(project_id)[0])
            pipeline.pttl(make_keys(project_id)[0])
        found = await pipeline.execute()
    shown = zip(project_ids, found[::2], found[1::2], strict=True)
    return {project_id: make_holder(fields, left_ms) for project_id, fields, left_ms in shown if fields}


def make_holder(fields: Mapping[str, str], left_ms: int = -1) -> Holder:
    """Return the holder that a lock's hash describes. The nonce stays behind: who knows it can release the lock."""
    return Holder(
        locked_by=fields["lockedBy"],
        locked_at=_parse_time(fields["lockedAt"]),
        expires_at=_parse_time(fields["expiresAt"]) if fields["expiresAt"] else None,
        reason=fields["reason"],
        kind=fields["kind"],
        fence=int(fields["fence"]) if fields["fence"] else None,
        host=fields["host"],
        heartbeat_at=_parse_time(fields["heartbeat"]),
        left_seconds=left_ms / 1000 if left_ms >= 0 else None,
    )


def _parse_time(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def _format_time(moment: datetime | None) -> str:
    return str(round(moment.timestamp() * 1000)) if moment else ""


def make_keys(project_id: ProjectId) -> list[str]:
    """Return the lock and the channel of a project."""
    # The braces keep all keys of a project in one slot of a Redis Cluster.
    return [f"syncd:{{p:{project_id}}}:lock", f"syncd:{{p:{project_id}}}:ev"]


@asynccontextmanager
async def open_redis_client(url: str) -> AsyncIterator[Redis]:
    """Open a client without hidden retries: redis-py's default repeats a script whose reply was lost, ten times, 5 s each."""
    redis: Redis = Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=CALL_SECONDS,
        socket_connect_timeout=CALL_SECONDS,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
    try:
        yield redis
    finally:
        with suppress(RedisError, OSError):  # closing a connection that is already broken
            await redis.aclose()


async def check_redis(redis: Redis) -> None:
    """Return when Redis answers. Raises `Unreachable`, or `Rejected` for a wrong password."""
    async with calling_redis():
        await redis.ping()


@asynccontextmanager
async def calling_redis() -> AsyncIterator[None]:
    """End what is asked within `CALL_SECONDS` as a whole: a server that answers drop by drop is as good as none."""
    with explaining_redis():
        async with asyncio.timeout(CALL_SECONDS):
            with heeding_cancellation():
                yield


@contextmanager
def heeding_cancellation() -> Iterator[None]:
    """Raise a cancellation that the body has swallowed.

    redis-py sends with `asyncio.wait_for`, which on Python 3.11 forgets a cancellation that comes as it ends (python/cpython#86296):
    a task that renews a lock could not be ended.
    """
    task = asyncio.current_task()
    asked = task.cancelling() if task else 0
    yield
    if task and task.cancelling() > asked:
        raise asyncio.CancelledError


@contextmanager
def explaining_redis() -> Iterator[None]:
    """Turn what fails while talking to Redis into an error of ours."""
    try:
        yield
    except RedisError as error:
        # While it connects, redis-py wraps the refusal in a ConnectionError.
        if not any(isinstance(one, AuthenticationError) for one in (error, error.__cause__)):
            raise _make_unreachable_error(error) from error
        raise Rejected(
            "redis_password_refused",
            "Redis refused the user or its password.",
            hint="Correct them in SYNCD_REDIS_URL (redis://USER:PASSWORD@HOST:PORT/0).",
        ) from error
    except (OSError, TimeoutError) as error:
        raise _make_unreachable_error(error) from error


def _make_unreachable_error(error: Exception) -> Unreachable:
    return Unreachable(
        "redis_unreachable",
        f"Redis does not answer ({type(error).__name__}).",
        hint="Check that it runs and that SYNCD_REDIS_URL is right. Reads go on; no new sync starts without it.",
        after_seconds=5,
    )
