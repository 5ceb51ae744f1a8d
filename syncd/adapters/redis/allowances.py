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
        scripts = files("syncd.adapters.redis") / "scripts"
        self._spend = redis.register_script((scripts / "allowance_spend.lua").read_text())
        self._charge = redis.register_script((scripts / "allowance_charge.lua").read_text())

    async def spend(self, name: str, allowance: Allowance, *, units: int) -> float:
        """Take *units* of the caller *name*, and return 0; or take nothing, and return the seconds to wait. Raises `Unreachable`."""
        unit = round(allowance.unit_seconds * _MICRO)
        async with calling_redis():
            wait: int = await self._spend(
                keys=[_key(name)], args=[units, unit, unit * allowance.burst_units, self._now()]
            )
        return wait / _MICRO

    async def charge_wrong_key(self, address: str, allowance: Allowance) -> float:
        """Take one unit of *address*, there or not, and return the seconds until a further one can be had. Raises `Unreachable`."""
        unit = round(allowance.unit_seconds * _MICRO)
        keys = [f"syncd:{{a:{address}}}:wrong_keys"]
        async with calling_redis():
            wait: int = await self._charge(keys=keys, args=[unit, unit * allowance.burst_units, self._now()])
        return wait / _MICRO

    def _now(self) -> int | str:
        return "" if self._clock is None else round(self._clock() * _MICRO)


def _key(name: str) -> str:
    return f"syncd:{{k:{name}}}:allowance"
