"""Locks as values: the proof that code takes as an argument, and what people see of who holds or froze a project."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from syncd.core.ids import ProjectId, TenantId
from syncd.errors import BadUsage

REASON_MAX_CHARACTERS = 500
FREEZE_MAX = timedelta(days=3660)
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Cuts:
    """What is cut off when a lock is lost: the connections that write under it."""

    def __init__(self) -> None:
        self._cuts: set[Callable[[], None]] = set()

    @contextmanager
    def offering(self, cut: Callable[[], None]) -> Iterator[None]:
        """Let *cut* be called during the body."""
        self._cuts.add(cut)
        try:
            yield
        finally:
            self._cuts.discard(cut)

    def make(self) -> None:
        """Cut off everything that is offered now."""
        for cut in tuple(self._cuts):
            cut()


@dataclass(frozen=True, slots=True)
class Lock:
    """Proof that this holder may write: Postgres accepts (fence, nonce) until somebody else takes the lock."""

    tenant_id: TenantId
    project_id: ProjectId
    fence: int
    nonce: UUID
    cuts: Cuts = field(default_factory=Cuts, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who freezes, lifts or forces a lock: shown with it, and compared when a freeze is lifted. An admin lifts anybody's."""

    name: str
    is_admin: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """What Redis shows of a project: who holds its lease, or the freeze (*kind* `freeze`). Times are the lock server's.

    *expires_at* is none for a freeze without an end; *left_seconds* is how long Redis itself keeps a lease.
    """

    locked_by: str
    locked_at: datetime
    expires_at: datetime | None
    reason: str
    kind: str
    fence: int | None
    host: str
    heartbeat_at: datetime
    left_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What Postgres says of a project, which decides: the newest fence, who minted it and has not given it back, the freeze."""

    fence: int
    holder: str | None
    acquired_at: datetime | None
    is_frozen: bool
    freeze_id: UUID | None
    frozen_by: str | None
    frozen_at: datetime | None
    freeze_until: datetime | None
    freeze_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockEvent:
    """One line of the history of a lock. *request_id*: of the request over REST or MCP that made it."""

    event_id: UUID
    at: datetime
    action: str
    actor: str
    reason: str | None
    fence: int | None
    previous_holder: str | None
    request_id: str | None


def parse_reason(text: str) -> str:
    """Return the reason of a freeze or a force as one line. Raises `BadUsage` for none, and for one that is too long."""
    letters = (" " if unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} else letter for letter in text)
    reason = " ".join("".join(letters).split())
    if not 1 <= len(reason) <= REASON_MAX_CHARACTERS:
        raise BadUsage(
            "lock_reason_invalid",
            "A reason is missing." if not reason else f"The reason has {len(reason)} characters.",
            hint=f"Say why in 1 to {REASON_MAX_CHARACTERS} characters: people and agents are told.",
        )
    return reason


def parse_until(text: str, now: datetime) -> datetime:
    """Return the end of a freeze: a time of ISO 8601 (UTC if it names no zone), or a span from *now* like `90m`, `2h`, `3d`.

    Raises `BadUsage` for what is neither, has passed, or is ten years away.
    """
    until = _read_until(text.strip(), now)
    if until is None:
        raise BadUsage(
            "lock_until_invalid",
            f"{text[:50]!r} is neither a time nor a span of time.",
            hint="Write 2026-11-20T22:00:00Z, or 30m, 2h, 3d from now.",
        )
    return check_until(until, now)


def check_until(until: datetime, now: datetime) -> datetime:
    """Return *until* as it is. Raises `BadUsage` when it has passed, or is more than ten years away."""
    if not now < until <= now + FREEZE_MAX:
        raise BadUsage(
            "lock_until_invalid",
            f"{until:%Y-%m-%d %H:%M:%S} UTC {'has passed' if until <= now else 'is too far away'}.",
            hint="Name a time to come, at most ten years away; without one the freeze stands until it is lifted.",
        )
    return until


def _read_until(text: str, now: datetime) -> datetime | None:
    if span := _DURATION.fullmatch(text):
        return now + min(timedelta(**{_UNITS[span[2]]: int(span[1])}), FREEZE_MAX + timedelta(days=1))
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
