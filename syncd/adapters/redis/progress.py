"""How far running syncs are, beside their locks: for eyes only, so it may be lost and runs out by itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from redis.asyncio import Redis

from syncd.adapters.redis.locks import calling_redis
from syncd.core.ids import ProjectId
from syncd.core.progress import PHASES, Progress

KEPT_SECONDS = 30
NOTICE = "progress"

_Part: TypeAlias = "bytes | bytearray | memoryview[int] | str | int | float"  # as redis-py takes names and values


async def put_progress(redis: Redis, changes: Mapping[ProjectId, Progress | None]) -> None:
    """Tell how far the syncs of these projects are (none: ended), in one round trip. Raises `Unreachable`."""
    async with calling_redis(), redis.pipeline(transaction=False) as pipeline:
        for project_id, progress in changes.items():
            key, channel = _keys(project_id)
            if progress is None:
                pipeline.delete(key)
            else:
                pipeline.hset(key, mapping=_make_fields(progress))
                pipeline.expire(key, KEPT_SECONDS)
            pipeline.publish(channel, NOTICE)
        await pipeline.execute()


async def list_progress(redis: Redis, project_ids: Sequence[ProjectId]) -> Mapping[ProjectId, Progress]:
    """Return how far the syncs of *project_ids* are that run, in one round trip. Raises `Unreachable`."""
    if not project_ids:
        return {}
    async with calling_redis(), redis.pipeline(transaction=False) as pipeline:
        for project_id in project_ids:
            pipeline.hgetall(_keys(project_id)[0])
        found = await pipeline.execute()
    return {project_id: _parse_fields(fields) for project_id, fields in zip(project_ids, found, strict=True) if fields}


def _make_fields(progress: Progress) -> dict[_Part, _Part]:
    return {
        "phase": progress.phase,
        "done": progress.done,
        "total": progress.total,
        "startedAt": progress.started_at.isoformat(),
    }


def _parse_fields(fields: Mapping[str, str]) -> Progress:
    # A newer daemon may name a phase that we do not know.
    phase = fields["phase"] if fields["phase"] in PHASES else PHASES[0]
    started_at = datetime.fromisoformat(fields["startedAt"])
    return Progress(started_at, phase, int(fields["done"]), int(fields["total"]))


def _keys(project_id: ProjectId) -> tuple[str, str]:
    # The same channel as the lock's: who watches a project hears both.
    return f"syncd:{{p:{project_id}}}:progress", f"syncd:{{p:{project_id}}}:ev"
