"""What agents ask: one request, and what requests sum up to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

UsageKey: TypeAlias = tuple[date, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRequest:
    """One request of an agent, answered or refused. *tool* is the method of the protocol where no tool was called."""

    request_id: UUID
    requested_at: datetime
    key_id: str
    tool: str
    argument_hash: str | None
    outcome: str
    rows: int
    bytes: int
    tokens: int
    milliseconds: float
    refused: bool = False

    @property
    def day(self) -> date:
        """Return the day that it counts for, in UTC."""
        return self.requested_at.date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What requests sum up to. *refused* were kept back by a limit; *unrecorded* are counted here and written down nowhere else."""

    calls: int = 0
    refused: int = 0
    failed: int = 0
    rows: int = 0
    bytes: int = 0
    tokens: int = 0
    milliseconds: float = 0.0
    unrecorded: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            calls=self.calls + other.calls,
            refused=self.refused + other.refused,
            failed=self.failed + other.failed,
            rows=self.rows + other.rows,
            bytes=self.bytes + other.bytes,
            tokens=self.tokens + other.tokens,
            milliseconds=self.milliseconds + other.milliseconds,
            unrecorded=self.unrecorded + other.unrecorded,
        )


@dataclass(frozen=True, slots=True)
class Quota:
    """How much the agents of a tenant may ask in a day (UTC); none: as much as they like."""

    calls_per_day: int | None = None
    tokens_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What the agents of a tenant have asked on a day, and what they may."""

    calls: int
    tokens: int
    quota: Quota

    def exhausts(self, *, calls: int, tokens: int) -> bool:
        """Return whether the day's quota is used up with so many *calls* and *tokens* beside."""
        most_calls, most_tokens = self.quota.calls_per_day, self.quota.tokens_per_day
        return (most_calls is not None and self.calls + calls >= most_calls) or (
            most_tokens is not None and self.tokens + tokens >= most_tokens
        )


def measure_requests(requests: Sequence[AgentRequest], *, recorded: bool) -> Usage:
    """Return what requests add, all of which are written down one by one, or none."""
    return Usage(
        calls=len(requests),
        refused=sum(one.refused for one in requests),
        failed=sum(one.outcome != "ok" and not one.refused for one in requests),
        rows=sum(one.rows for one in requests),
        bytes=sum(one.bytes for one in requests),
        tokens=sum(one.tokens for one in requests),
        milliseconds=sum(one.milliseconds for one in requests),
        unrecorded=0 if recorded else len(requests),
    )


def sum_up(requests: Iterable[AgentRequest], dropped: Mapping[UsageKey, Usage]) -> dict[UsageKey, Usage]:
    """Return the sums by day, key and tool of what is written down one by one, with those of what is not."""
    places = dict[UsageKey, list[AgentRequest]]()
    for request in requests:
        places.setdefault((request.day, request.key_id, request.tool), []).append(request)
    sums = {place: measure_requests(some, recorded=True) for place, some in places.items()}
    return sums | {place: sums.get(place, Usage()) + usage for place, usage in dropped.items()}


def make_request_id(moment: datetime, random_bytes: bytes) -> UUID:
    """Return a UUID of version 7, which grows with time, from at least 10 random bytes."""
    milliseconds = int(moment.timestamp() * 1000)
    number = (milliseconds << 80) | int.from_bytes(random_bytes[:10])
    number = (number & ~(0xF << 76)) | (7 << 76)
    return UUID(int=(number & ~(0x3 << 62)) | (0x2 << 62))
