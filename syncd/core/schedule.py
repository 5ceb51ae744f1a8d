"""When to look again."""

from datetime import datetime, timedelta

FIRST_BACKOFF_SECONDS = 5.0
LONGEST_BACKOFF_SECONDS = 900.0
STALLED_SECONDS = 300.0
JITTER = 0.1


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
