"""What agents ask: one request, and what requests sum up to."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


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
        # Written out: it is asked twice a call of an agent.
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

    @property
    def exhausted(self) -> bool:
        """Return whether the day's quota is used up."""
        calls, tokens = self.quota.calls_per_day, self.quota.tokens_per_day
        return (calls is not None and self.calls >= calls) or (tokens is not None and self.tokens >= tokens)

    def after(self, usage: Usage) -> "Spending":
        """Return what it is with *usage* beside."""
        return Spending(self.calls + usage.calls - usage.refused, self.tokens + usage.tokens, self.quota)


def measure_request(request: AgentRequest, *, recorded: bool) -> Usage:
    """Return what one request adds."""
    return Usage(
        calls=1,
        refused=int(request.refused),
        failed=int(request.outcome != "ok" and not request.refused),
        rows=request.rows,
        bytes=request.bytes,
        tokens=request.tokens,
        milliseconds=request.milliseconds,
        unrecorded=int(not recorded),
    )


def make_request_id(moment: datetime, random_bytes: bytes) -> UUID:
    """Return a UUID of version 7, which grows with time, from at least 10 random bytes."""
    milliseconds = int(moment.timestamp() * 1000)
    number = (milliseconds << 80) | int.from_bytes(random_bytes[:10])
    number = (number & ~(0xF << 76)) | (7 << 76)
    return UUID(int=(number & ~(0x3 << 62)) | (0x2 << 62))
