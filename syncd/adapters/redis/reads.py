"""Answers to hot reads, kept by revision: a new revision asks another question, so nothing has to be thrown away.

A tenant has 256 places of 32 KiB at most, each kept for ten minutes: whatever is asked, the cache cannot crowd out the locks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from redis.asyncio import Redis

from syncd.adapters.redis.locks import explaining_redis
from syncd.core.ids import TenantId
from syncd.errors import SyncdError

PLACES = 256
KEPT_SECONDS = 600
ANSWER_MAX_BYTES = 32 * 1024
PAUSE_SECONDS = 5.0
_DIGEST_CHARACTERS = 64


@dataclass(slots=True)
class ReadCounts:
    """How often an answer was there (*hits*), was not (*misses*), or nobody could be asked (*skipped*), since the start."""

    hits: int = 0
    misses: int = 0
    skipped: int = 0


class ReadCache:
    """Keeps answers of one tenant for that tenant. Without Redis it keeps nothing, and costs nothing."""

    def __init__(self, redis: Redis, *, clock: Callable[[], float]) -> None:
        self._redis = redis
        self._clock = clock
        self._away_until = 0.0
        self.counts = ReadCounts()

    async def get(self, tenant_id: TenantId, question: str) -> str | None:
        """Return the answer to *question*, which names everything that it depends on; none where it is not kept."""
        if self._clock() < self._away_until:
            self.counts.skipped += 1
            return None
        place, digest = _find_place(tenant_id, question)
        try:
            with explaining_redis():
                kept = str(await self._redis.get(place) or "")
        except SyncdError:
            self._away_until = self._clock() + PAUSE_SECONDS
            self.counts.skipped += 1
            return None
        if kept[:_DIGEST_CHARACTERS] != digest:
            self.counts.misses += 1
            return None
        self.counts.hits += 1
        return kept[_DIGEST_CHARACTERS:]

    async def put(self, tenant_id: TenantId, question: str, answer: str) -> None:
        """Keep an answer, unless it is large."""
        if len(answer.encode()) > ANSWER_MAX_BYTES or self._clock() < self._away_until:
            return
        place, digest = _find_place(tenant_id, question)
        try:
            with explaining_redis():
                await self._redis.set(place, digest + answer, ex=KEPT_SECONDS)
        except SyncdError:
            self._away_until = self._clock() + PAUSE_SECONDS


def _find_place(tenant_id: TenantId, question: str) -> tuple[str, str]:
    digest = sha256(f"{tenant_id}\0{question}".encode()).hexdigest()
    return f"syncd:{{t:{tenant_id}}}:read:{int(digest, 16) % PLACES}", digest
