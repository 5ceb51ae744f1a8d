"""What callers have spent, shared by all replicas: one number each, changed by one script, gone when it no longer matters."""

from collections.abc import Callable
from importlib.resources import files

from redis.asyncio import Redis

from syncd.adapters.redis.locks import calling_redis
from syncd.core.allowances import Allowance

_MICRO = 1_000_000


class SharedAllowances:
    """The allowances in Redis. *clock* (epoch seconds) is for tests: without it Redis' own clock counts, the same for all replicas."""

    def __init__(self, redis: Redis, *, clock: Callable[[], float] | None = None) -> None:
        self._redis = redis
        self._clock = clock
        script = files("syncd.adapters.redis") / "scripts" / "allowance_spend.lua"
        self._spend = redis.register_script(script.read_text())

    async def spend(self, name: str, allowance: Allowance, *, units: int) -> float:
        """Take *units* of the caller *name*, and return 0; or take nothing, and return the seconds to wait. Raises `Unreachable`."""
        unit = round(allowance.unit_seconds * _MICRO)
        now = "" if self._clock is None else round(self._clock() * _MICRO)
        async with calling_redis():
            wait: int = await self._spend(keys=[_key(name)], args=[units, unit, unit * allowance.burst_units, now])
        return wait / _MICRO


def _key(name: str) -> str:
    return f"syncd:{{k:{name}}}:allowance"
