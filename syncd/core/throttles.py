"""How often something may be done: the generic cell rate algorithm, whose whole state is one time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """One more each *interval_seconds*, and *burst* at once after a pause."""

    interval_seconds: float
    burst: int


def take_turn(rate: Rate, full_at: float, now: float) -> tuple[float, float]:
    """Return the new state and the seconds to wait (0: go on). *full_at*: when all that was taken is paid back.

    Who is refused pays nothing, so that asking again does not put off the turn.
    """
    taken = max(full_at, now) + rate.interval_seconds
    wait = taken - rate.burst * rate.interval_seconds - now
    return (full_at, wait) if wait > 0 else (taken, 0.0)
