"""Turns at a rate, shared by all processes through Redis; while it is away each process counts alone, so nobody is locked out."""

from collections import OrderedDict
from collections.abc import Callable
from importlib.resources import files

from redis.asyncio import Redis

from syncd.adapters.redis.locks import calling_redis
from syncd.core.throttles import Rate, take_turn
from syncd.errors import SyncdError

# After Redis did not answer, it is not asked for so long: every request would wait for it.
PAUSE_SECONDS = 5.0
OWN_MAX_SUBJECTS = 10_000


class Throttle:
    """Takes turns for subjects (a key, an account, an address), each at a rate."""

    def __init__(self, redis: Redis, *, clock: Callable[[], float]) -> None:
        self._take = redis.register_script((files("syncd.adapters.redis") / "scripts" / "throttle.lua").read_text())
        self._clock = clock
        self._away_until = 0.0
        self._own: OrderedDict[str, float] = OrderedDict()

    async def take(self, subject: str, rate: Rate) -> float:
        """Take a turn for *subject*; return the seconds to wait, 0 when the turn was taken. *subject* holds no secret."""
        now = self._clock()
        if now >= self._away_until:
            try:
                async with calling_redis():
                    args = [round(rate.interval_seconds * 1e6), rate.burst]
                    return float(await self._take(keys=[f"syncd:{{r:{subject}}}:turns"], args=args)) / 1e6
            except SyncdError:
                self._away_until = now + PAUSE_SECONDS
        return self._take_alone(subject, rate, now)

    def _take_alone(self, subject: str, rate: Rate, now: float) -> float:
        self._own[subject], wait = take_turn(rate, self._own.pop(subject, 0.0), now)
        while len(self._own) > OWN_MAX_SUBJECTS:
            self._own.popitem(last=False)
        return wait
