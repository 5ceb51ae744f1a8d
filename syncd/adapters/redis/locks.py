"""One Redis hash per project says who works on it; its scripts are idempotent by nonce, so a lost reply does no harm."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import TypeAlias
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from syncd.core.ids import ProjectId
from syncd.core.locks import Holder
from syncd.errors import Rejected, Unreachable

RedisClient: TypeAlias = Redis
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
        scripts = files("syncd.adapters.redis") / "scripts"
        self._acquire = redis.register_script((scripts / "acquire.lua").read_text())
        self._renew = redis.register_script((scripts / "renew.lua").read_text())
        self._release = redis.register_script((scripts / "release.lua").read_text())

    async def acquire(self, project_id: ProjectId, nonce: UUID, *, reason: str, kind: str) -> Refused | None:
        """Take the lock; none means it is ours. Raises `Unreachable`."""
        args: list[str | int | float | bytes | bytearray | memoryview[int]] = [
            str(nonce),
            self._lease_ms,
            self._identity.locked_by,
            reason,
            kind,
            self._identity.host,
        ]
        with explaining_redis():
            taken, clamped, fields = await self._acquire(keys=_keys(project_id), args=args)
        if taken:
            return None
        return Refused(make_holder(dict(zip(fields[::2], fields[1::2], strict=True))), clamped=bool(clamped))

    async def renew(self, project_id: ProjectId, nonce: UUID, *, fence: int) -> bool:
        """Extend our lease; false means it was lost. Raises `Unreachable`."""
        with explaining_redis():
            return bool(await self._renew(keys=_keys(project_id)[:1], args=[str(nonce), self._lease_ms, fence]))

    async def release(self, project_id: ProjectId, nonce: UUID) -> bool:
        """Give the lock back; false means it was no longer ours. Raises `Unreachable`."""
        with explaining_redis():
            return bool(await self._release(keys=_keys(project_id), args=[str(nonce)]))

    async def clear(self, project_id: ProjectId) -> None:
        """Remove whatever lease stands: only for `up`, which owns its Redis and has just started it."""
        with explaining_redis():
            await self._redis.delete(_keys(project_id)[0])


async def list_holders(redis: Redis, project_ids: Sequence[ProjectId]) -> Mapping[ProjectId, Holder]:
    """Return who holds the locks of *project_ids*, without those that are free, in one round trip. Raises `Unreachable`."""
    if not project_ids:
        return {}
    with explaining_redis():
        async with redis.pipeline(transaction=False) as pipeline:
            for project_id in project_ids:
                pipeline.hgetall(_keys(project_id)[0])
            found = await pipeline.execute()
    return {project_id: make_holder(fields) for project_id, fields in zip(project_ids, found, strict=True) if fields}


def make_holder(fields: Mapping[str, str]) -> Holder:
    """Return the holder that a lock's hash describes. The nonce stays behind: who knows it can release the lock."""
    return Holder(
        locked_by=fields["lockedBy"],
        locked_at=_parse_time(fields["lockedAt"]),
        expires_at=_parse_time(fields["expiresAt"]),
        reason=fields["reason"],
        kind=fields["kind"],
        fence=int(fields["fence"]) if fields["fence"] else None,
        host=fields["host"],
        heartbeat_at=_parse_time(fields["heartbeat"]),
    )


def _parse_time(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def _keys(project_id: ProjectId) -> list[str]:
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
    with explaining_redis():
        await redis.ping()


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
