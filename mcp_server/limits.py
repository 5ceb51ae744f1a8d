"""How much one caller may ask: so fast, so much at once; and how much all may ask together. Who asks too much is told when to come back."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from syncd.adapters.redis.allowances import SharedAllowances
from syncd.core.allowances import Allowance, charge, spend
from syncd.errors import RetryLater, SyncdError

# Clients call several tools at once; what does not fit waits its turn for a moment, and so many at most.
WAITING_PER_CALLER = 32
WAIT_SECONDS = 2.0
# While Redis is away each call would wait for it: it is asked again no sooner than this.
REDIS_REST_SECONDS = 5.0
REMEMBERED_CALLERS = 10_000
# Asking Redis costs as much as a small call, so a thirty-second of a burst is taken at once and spent here; what is not spent soon is lost.
LEASE_SHARE = 32
LEASE_SECONDS = 5.0

logger = logging.getLogger("mcp_server.limits")


class Overloaded(RetryLater):
    """The caller, or all callers together, ask more than is allowed; nothing was done."""


@dataclass(slots=True)
class _Lease:
    """Units of one caller that were taken from the shared allowance and not spent yet."""

    units: int
    until: float


class SharedCount:
    """Asks Redis what all replicas have counted together; while it is away nobody waits for it, and each counts alone."""

    def __init__(self, allowances: SharedAllowances | None, *, monotonic: Callable[[], float]) -> None:
        self.allowances = allowances
        self._monotonic = monotonic
        self._rests = False
        self._rest_until = float("-inf")

    async def ask(self, question: Callable[[SharedAllowances], Awaitable[float]]) -> float | None:
        """Return what *question* finds out; none where there is no Redis, or none now."""
        if self.allowances is None or self._monotonic() < self._rest_until:
            return None
        if self._rests:
            # One call asks whether it is back; the others go on alone meanwhile.
            self._rest_until = self._monotonic() + REDIS_REST_SECONDS
        try:
            answer = await question(self.allowances)
        except SyncdError as error:
            self._rests, self._rest_until = True, self._monotonic() + REDIS_REST_SECONDS
            logger.warning("limits_alone", extra={"code": error.code, "seconds": REDIS_REST_SECONDS})
            return None
        self._rests, self._rest_until = False, float("-inf")
        return answer


class Pace:
    """Counts what callers spend: in Redis, so that replicas count together; alone while Redis is away or there is none."""

    def __init__(
        self, allowance: Allowance, shared: SharedAllowances | None, *, monotonic: Callable[[], float]
    ) -> None:
        self._allowance = allowance
        self._shared = SharedCount(shared, monotonic=monotonic)
        self._monotonic = monotonic
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._leases: OrderedDict[str, _Lease] = OrderedDict()

    async def spend(self, name: str, *, units: int) -> None:
        """Take *units* of the caller *name*. Raises `Overloaded` saying when they can be had."""
        wait = await self._shared.ask(lambda shared: self._take(shared, name, units))
        if wait is None:
            wait = self._spend_alone(name, units)
        if wait > 0:
            raise Overloaded(
                "rate_limited",
                "This key asks faster than it may.",
                hint="Wait, then repeat the call; ask fewer and larger questions.",
                after_seconds=wait,
            )

    async def _take(self, shared: SharedAllowances, name: str, units: int) -> float:
        """Spend of what was taken before, or take more: some at once, or where that is too much, no more than is needed."""
        lease = self._leases.get(name)
        if lease is not None and lease.units >= units and self._monotonic() < lease.until:
            lease.units -= units
            return 0.0
        batch = max(units, self._allowance.burst_units // LEASE_SHARE)
        wait = await shared.spend(name, self._allowance, units=batch)
        if wait > 0 and batch > units:
            return await shared.spend(name, self._allowance, units=units)
        if wait == 0 and batch > units:
            self._leases[name] = _Lease(batch - units, self._monotonic() + LEASE_SECONDS)
            self._leases.move_to_end(name)
            if len(self._leases) > REMEMBERED_CALLERS:
                self._leases.popitem(last=False)
        return wait

    def _spend_alone(self, name: str, units: int) -> float:
        now = self._monotonic()
        full_at, wait = spend(self._full_at.get(name, now), self._allowance, units=units, now=now)
        _remember(self._full_at, name, full_at)
        return wait


class WrongKeys:
    """Counts the wrong keys that an address shows: each may be looked up in the database, and no guess is worth that for long.

    They are counted in Redis, so that replicas count together; alone while Redis is away or there is none. Redis is asked when a wrong key
    was shown, and at no other time: who has to wait is turned away by what was answered then.
    """

    def __init__(self, per_minute: int, shared: SharedAllowances | None, *, monotonic: Callable[[], float]) -> None:
        self._allowance = Allowance(per_minute / 60, per_minute)
        self._shared = SharedCount(shared, monotonic=monotonic)
        self._monotonic = monotonic
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._waits_until: OrderedDict[str, float] = OrderedDict()

    def require_patience(self, site: str) -> None:
        """Raise `Overloaded` while *site* has shown too many wrong keys."""
        wait = self._waits_until.get(site, 0.0) - self._monotonic()
        if wait > 0:
            raise Overloaded(
                "too_many_wrong_keys",
                "Too many wrong keys came from this address.",
                hint="Wait, and ask with a key of `syncd key add`.",
                after_seconds=wait,
            )

    async def note(self, site: str) -> None:
        """Count a wrong key."""
        wait = await self._shared.ask(lambda shared: shared.charge_wrong_key(site, self._allowance))
        if wait is None:
            wait = self._charge_alone(site)
        if wait > 0:
            logger.warning("wrong_keys", extra={"address": site})
            _remember(self._waits_until, site, self._monotonic() + wait)

    def _charge_alone(self, site: str) -> float:
        now = self._monotonic()
        full_at, wait = charge(self._full_at.get(site, now), self._allowance, now=now)
        _remember(self._full_at, site, full_at)
        return wait


def _remember(known: OrderedDict[str, float], name: str, value: float) -> None:
    """Remember the newest: what is forgotten is of those that were heard of longest ago."""
    known[name] = value
    known.move_to_end(name)
    if len(known) > REMEMBERED_CALLERS:
        known.popitem(last=False)


@dataclass(slots=True)
class _Place:
    """The calls of one caller: those that run, and those that wait."""

    turns: asyncio.Semaphore
    users: int = 0


@dataclass(slots=True)
class Places:
    """Holds the calls that are under way to their numbers."""

    running_per_caller: int
    under_way_most: int
    _under_way: int = 0
    _places: dict[str, _Place] = field(default_factory=dict)

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Hold a place for one call of the caller *name*. Raises `Overloaded` when there is none within two seconds."""
        place = self._places.get(name) or _Place(asyncio.Semaphore(self.running_per_caller))
        if self._under_way >= self.under_way_most:
            raise Overloaded("overloaded", "The server has more calls under way than it can answer.", after_seconds=1.0)
        if place.users >= self.running_per_caller + WAITING_PER_CALLER:
            raise _make_too_many_error(self.running_per_caller)
        self._places[name] = place
        self._under_way += 1
        place.users += 1
        try:
            await self._take_turn(place)
            try:
                yield
            finally:
                place.turns.release()
        finally:
            self._under_way -= 1
            place.users -= 1
            if place.users == 0:
                del self._places[name]

    async def _take_turn(self, place: _Place) -> None:
        if not place.turns.locked():
            await place.turns.acquire()  # at once
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await place.turns.acquire()
        except TimeoutError as error:
            raise _make_too_many_error(self.running_per_caller) from error


def _make_too_many_error(running: int) -> Overloaded:
    return Overloaded(
        "too_many_calls",
        f"This key has {running} calls under way, which is all it may.",
        hint="Wait for an answer, then repeat the call.",
        after_seconds=1.0,
    )
