"""When to look again, and how closely."""

from dataclasses import dataclass
from datetime import datetime, timedelta

HOOK_TRUSTED_SECONDS = 86_400.0
FIRST_BACKOFF_SECONDS = 5.0
LONGEST_BACKOFF_SECONDS = 900.0
STALLED_SECONDS = 300.0
JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks, the same while a webhook reports what moves, and until the docs are compared in any case."""

    poll_seconds: float
    poll_seconds_with_hook: float = 300.0
    full_reconcile_seconds: float = 86_400.0


def choose_poll_seconds(pace: Pace, now: datetime, *, delivered_at: datetime | None, least_seconds: float) -> float:
    """Return the seconds until the next poll, never fewer than *least_seconds*, which the source asks for.

    A hook that delivered a push within a day (*delivered_at*) is trusted to deliver the next one: then polls only heal.
    """
    age = None if delivered_at is None else (now - delivered_at).total_seconds()
    seconds = pace.poll_seconds
    if age is not None and age < HOOK_TRUSTED_SECONDS:
        seconds = max(seconds, pace.poll_seconds_with_hook)
    return max(seconds, least_seconds)


def is_comparison_due(pace: Pace, now: datetime, *, compared_at: datetime | None) -> bool:
    """Return whether the docs are to be compared although the head did not move; *compared_at* is when they last were."""
    return compared_at is not None and (now - compared_at).total_seconds() >= pace.full_reconcile_seconds


def next_poll(now: datetime, *, poll_seconds: float, fraction: float) -> datetime:
    """Return the time of the next poll: *poll_seconds* from *now*, give or take 10 %. *fraction* is random in [0, 1)."""
    return now + timedelta(seconds=poll_seconds * (1 - JITTER + 2 * JITTER * fraction))


def next_retry(now: datetime, *, failures: int, after_seconds: float, fraction: float) -> datetime:
    """Return when to try again after *failures* in a row: never before *after_seconds*, then with full jitter up to 15 minutes.

    *fraction* is random in [0, 1).
    """
    ceiling = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** min(failures, 20))
    return now + timedelta(seconds=after_seconds + ceiling * fraction)


def next_stalled_look(now: datetime, *, poll_seconds: float, fraction: float) -> datetime:
    """Return when to look again at a project that waits for a person: seldom, but a repaired one must come back by itself."""
    return next_poll(now, poll_seconds=max(poll_seconds, STALLED_SECONDS), fraction=fraction)
