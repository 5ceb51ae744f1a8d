"""What is odd about a lock: where Redis and Postgres tell different stories, and which of them is believed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.core.locks import Holder, Lease

CLOCK_TOLERANCE_SECONDS = 1.0
# Redis is asked first and Postgres a moment later: what Postgres says is that new may not have been true yet.
GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Oddity:
    """A code that machines compare, and a sentence for people."""

    code: str
    message: str


def find_oddities(lease: Lease, holder: Holder | None, *, lease_seconds: float, now: datetime) -> Sequence[Oddity]:
    """Return what is odd about a lock of which first Redis (*holder*) and then Postgres (*lease*) was asked."""
    freeze = holder if holder is not None and holder.kind == "freeze" else None
    worker = holder if freeze is None else None
    stories = _compare_freezes(lease, freeze, now) if lease.is_frozen or freeze else _compare_fences(lease, worker, now)
    return [*stories, *_find_overdue(lease, worker, now, lease_seconds), *_find_jump(worker, lease_seconds)]


def _compare_freezes(lease: Lease, freeze: Holder | None, now: datetime) -> Iterator[Oddity]:
    if lease.is_frozen and _is_new(lease.frozen_at, now):
        return
    if lease.is_frozen and freeze is None:
        yield _make_disagreement("The project is frozen, and Redis does not show it.")
    elif not lease.is_frozen:
        yield _make_disagreement("Redis shows a freeze that no longer stands.")
    elif freeze is not None and freeze.fence != lease.fence:
        yield _make_disagreement("Redis shows another freeze.")


def _compare_fences(lease: Lease, worker: Holder | None, now: datetime) -> Iterator[Oddity]:
    # A holder without a fence is about to mint one.
    if worker is None or worker.fence is None or worker.fence == lease.fence:
        return
    if worker.fence > lease.fence or not _is_new(lease.acquired_at, now):
        yield _make_disagreement(
            f"{worker.locked_by} holds fence {worker.fence} in Redis, and the newest is {lease.fence}: it cannot write."
        )


def _make_disagreement(said: str) -> Oddity:
    return Oddity("redis_disagrees", f"{said} Postgres decides, and a daemon puts Redis right.")


def _is_new(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and abs((now - moment).total_seconds()) < GRACE_SECONDS


def _find_overdue(lease: Lease, worker: Holder | None, now: datetime, lease_seconds: float) -> Iterator[Oddity]:
    if lease.holder is None or worker is not None or lease.acquired_at is None:
        return
    if (now - lease.acquired_at).total_seconds() > lease_seconds:
        yield Oddity(
            "holder_past_deadline",
            f"{lease.holder} took fence {lease.fence} and neither renews it nor gave it back: killed, paused or cut off. "
            "The next sync takes over.",
        )


def _find_jump(worker: Holder | None, lease_seconds: float) -> Iterator[Oddity]:
    left = worker.left_seconds if worker is not None else None
    if left is not None and left > lease_seconds + CLOCK_TOLERANCE_SECONDS:
        yield Oddity(
            "clock_clamp",
            f"The lease would last {left:.0f} s, and the longest one lasts {lease_seconds:g} s: the clock of Redis jumped back. "
            "Whoever asks for the lock next cuts it.",
        )


def describe_age(moment: datetime, now: datetime) -> float:
    """Return the seconds since *moment*, never less than none: the lock server's clock may be a little ahead of ours."""
    return round(max(0.0, (now - moment).total_seconds()), 3)
