"""How fast one caller may ask: a bucket of units that refills steadily, kept as one number, the time at which it is full (GCRA)."""

from dataclasses import dataclass

# Floating seconds since 1970 are exact to less than this.
ROUNDING_SECONDS = 1e-6


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one caller may spend: *burst_units* at once, and *units_per_second* in the long run."""

    units_per_second: float
    burst_units: int

    @property
    def unit_seconds(self) -> float:
        """Return how long one unit takes to come back."""
        return 1 / self.units_per_second


def spend(full_at: float, allowance: Allowance, *, units: int, now: float) -> tuple[float, float]:
    """Return when the bucket is full, and the seconds to wait before *units* can be had: 0 means that they were taken.

    More than a whole burst is taken as a burst: it must be had at some time.
    """
    burst_seconds = allowance.burst_units * allowance.unit_seconds
    # A clock that jumped back must not lock a caller out for longer than a burst takes.
    after = min(max(full_at, now), now + burst_seconds) + min(units, allowance.burst_units) * allowance.unit_seconds
    wait = after - burst_seconds - now
    return (full_at, wait) if wait > ROUNDING_SECONDS else (after, 0.0)


def charge(full_at: float, allowance: Allowance, *, now: float) -> tuple[float, float]:
    """Take one unit, there or not: return when the bucket is full, and the seconds until a further unit can be had, 0 for at once.

    What was not there is owed, a burst of it at most. Without that, who is let in at several doors as soon as one unit is back
    would have it at each of them.
    """
    burst_seconds = allowance.burst_units * allowance.unit_seconds
    after = min(max(full_at, now) + allowance.unit_seconds, now + 2 * burst_seconds)
    wait = after + allowance.unit_seconds - burst_seconds - now
    return after, wait if wait > ROUNDING_SECONDS else 0.0
